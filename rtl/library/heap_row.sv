// Sum of two rows of bits and of one bit more.
//
// Ports:      x in: a bit of weight 1, then two bits of each column, lowest first; y out: their sum modulo 2^SUM;
//             combinational.
// Parameters: WIDTH columns; SUM <= WIDTH + 1; CARRY = 0 where x[0] is not read.
// The bit more is the carry of a column below, so that one chain adds everything.
module heap_row #(
    parameter int WIDTH = 1,
    parameter int CARRY = 1,
    parameter int SUM   = 1
) (
    /* verilator lint_off UNUSEDSIGNAL */
    input  logic [(WIDTH<<1):0] x,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic [SUM-1:0] y
);
  logic [WIDTH-1:0] a, b;
  for (genvar i = 0; i < WIDTH; i++) begin : g_column
    assign {b[i], a[i]} = x[i+i+1+:2];
  end
  if (CARRY != 0) begin : g_carry
    logic [SUM:0] total;
    assign total = {SUM'(a), 1'b1} + {SUM'(b), x[0]};
    assign y = total[SUM:1];
    logic unused;
    assign unused = total[0];
  end else begin : g_no_carry
    assign y = SUM'(a) + SUM'(b);
  end
endmodule
