// Sum of three rows of bits and of two bits more: the adder at the end of a heap.
//
// Ports:      x in: two bits of weight 1, then three bits of each column, lowest first; y out: their sum modulo 2^SUM;
//             combinational.
// Parameters: WIDTH columns; SUM = WIDTH, or WIDTH + 1 where the last column has no second carry to hand on;
//             LINKS, which of the second carries there are: bit 0 says that x[1] is used, bit i + 1 that column i has
//             three bits, or two and a second carry of the column below. Other columns hold two bits at most.
// With MULFREE_XC7 defined it is made of the primitives of AMD 7 series: a LUT6_2 and a quarter of a CARRY4 per column.
module heap_ternary #(
    parameter int          WIDTH = 1,
    parameter logic [255:0] LINKS = 256'h0,
    parameter int          SUM   = 1
) (
    input  logic [(WIDTH<<1)+WIDTH+1:0] x,
    output logic [SUM-1:0] y
);
`ifdef MULFREE_XC7
  logic [WIDTH-1:0] p, g;
  /* verilator lint_off UNUSEDSIGNAL */
  logic [WIDTH:0] second, total;
  /* verilator lint_on UNUSEDSIGNAL */
  assign second[0] = x[1];
  for (genvar i = 0; i < WIDTH; i++) begin : g_column
    logic [2:0] a;
    assign a = x[i+i+i+2+:3];
    LUT6_2 #(.INIT(64'h69966996e8e8e8e8)) u_sum (
        .I0(a[0]), .I1(a[1]), .I2(a[2]), .I3(LINKS[i] ? second[i] : 1'b0), .I4(1'b0), .I5(1'b1),
        .O6(p[i]), .O5(second[i+1])
    );
    assign g[i] = LINKS[i] ? second[i] : (LINKS[i+1] ? 1'b0 : a[0]);
  end
  carry_chain #(
      .WIDTH(WIDTH)
  ) u_carry (
      .c(x[0]),
      .p(p),
      .g(g),
      .y(total)
  );
  assign y = total[SUM-1:0];
`else
  logic [WIDTH-1:0] first, second, third;
  for (genvar i = 0; i < WIDTH; i++) begin : g_column
    assign {third[i], second[i], first[i]} = x[i+i+i+2+:3];
  end
  assign y = SUM'(first) + SUM'(second) + SUM'(third) + SUM'(x[0]) + SUM'(x[1]);
  logic unused;
  assign unused = ^LINKS;
`endif
endmodule
