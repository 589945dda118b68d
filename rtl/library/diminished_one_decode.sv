// The binary number of least magnitude that a diminished-1 number modulo 2^BITS + 1 stands for: one more, or, with the top
// bit set, a negative number's own bits.
//
// Ports:      x in: the zero flag above BITS bits; y out, in two's complement; combinational.
// Parameters: BITS; WIDTH <= BITS + 1: enough for every number that comes.
module diminished_one_decode #(
    parameter int BITS  = 8,
    parameter int WIDTH = 9
) (
    /* verilator lint_off UNUSEDSIGNAL */
    input  logic [ BITS:0] x,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic [WIDTH-1:0] y
);
  /* verilator lint_off UNUSEDSIGNAL */
  logic [BITS:0] wide;
  /* verilator lint_on UNUSEDSIGNAL */
  assign wide = {x[BITS-1], x[BITS-1:0]};
  logic is_positive;
  assign is_positive = ~(x[BITS] | x[BITS-1]);
  assign y = wide[WIDTH-1:0] + WIDTH'(is_positive);
endmodule
