// Sum of the bits of pairs of columns, along a carry chain: atom i adds its six bits of x to the carry of atom i - 1.
//
// Ports:      x in: a carry in, then six bits of each atom, lowest first; y out: two bits of each atom, then the carry
//             out; combinational. With atoms counted from weight 4^0: y = carry in + sum of 4^i (sum of atom i).
// Parameters: ATOMS >= 1; KINDS, two bits for each atom. 0: x[5:0] have weight 1. 1: x[3:0] have weight 1, x[4] has
//             weight 2. 2: x[1:0] have weight 1, x[3:2] have weight 2. What is left of the six bits is not read.
// With MULFREE_XC7 defined it is made of the primitives of AMD 7 series: two LUT6_2 and half a CARRY4 for each atom.
module heap_chain #(
    parameter int          ATOMS = 1,
    parameter logic [255:0] KINDS = 256'h0
) (
    /* verilator lint_off UNUSEDSIGNAL */
    input  logic [(ATOMS<<2)+(ATOMS<<1):0] x,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic [(ATOMS<<1):0] y
);
`ifdef MULFREE_XC7
  logic [(ATOMS<<1)-1:0] p, g;
  for (genvar i = 0; i < ATOMS; i++) begin : g_atom
    logic [5:0] a;
    assign a = x[(i<<2)+(i<<1)+1+:6];
    if (KINDS[(i<<1)+:2] == 2'd0) begin : g_six
      LUT6_2 #(.INIT(64'h6996966996696996)) u_low (
          .I0(a[0]), .I1(a[1]), .I2(a[2]), .I3(a[3]), .I4(a[4]), .I5(a[5]), .O6(p[i+i]), .O5()
      );
      assign g[i+i] = a[5];
      LUT6_2 #(.INIT(64'h177e7ee8fee8e880)) u_high (
          .I0(a[0]), .I1(a[1]), .I2(a[2]), .I3(a[3]), .I4(a[4]), .I5(1'b1), .O6(p[i+i+1]), .O5(g[i+i+1])
      );
    end else if (KINDS[(i<<1)+:2] == 2'd1) begin : g_five
      LUT6_2 #(.INIT(64'h6996699600000000)) u_low (
          .I0(a[0]), .I1(a[1]), .I2(a[2]), .I3(a[3]), .I4(1'b0), .I5(1'b1), .O6(p[i+i]), .O5()
      );
      assign g[i+i] = a[3];
      LUT6_2 #(.INIT(64'h17e817e8ff00ff00)) u_high (
          .I0(a[0]), .I1(a[1]), .I2(a[2]), .I3(a[4]), .I4(1'b0), .I5(1'b1), .O6(p[i+i+1]), .O5()
      );
      assign g[i+i+1] = a[4];
    end else begin : g_four
      for (genvar k = 0; k < 2; k++) begin : g_bit
        LUT6_2 #(.INIT(64'h66666666aaaaaaaa)) u_sum (
            .I0(a[k+k]), .I1(a[k+k+1]), .I2(1'b0), .I3(1'b0), .I4(1'b0), .I5(1'b1), .O6(p[i+i+k]), .O5()
        );
        assign g[i+i+k] = a[k+k];
      end
    end
  end
  carry_chain #(
      .WIDTH(ATOMS << 1)
  ) u_carry (
      .c(x[0]),
      .p(p),
      .g(g),
      .y(y)
  );
`else
  logic [ATOMS:0] carry  /* verilator split_var */;
  assign carry[0] = x[0];
  for (genvar i = 0; i < ATOMS; i++) begin : g_atom
    /* verilator lint_off UNUSEDSIGNAL */
    logic [5:0] a;
    /* verilator lint_on UNUSEDSIGNAL */
    logic [2:0] low, high;
    assign a = x[(i<<2)+(i<<1)+1+:6];
    if (KINDS[(i<<1)+:2] == 2'd0) begin : g_six
      assign low  = 3'(a[0]) + 3'(a[1]) + 3'(a[2]) + 3'(a[3]) + 3'(a[4]) + 3'(a[5]);
      assign high = 3'd0;
    end else if (KINDS[(i<<1)+:2] == 2'd1) begin : g_five
      assign low  = 3'(a[0]) + 3'(a[1]) + 3'(a[2]) + 3'(a[3]);
      assign high = 3'(a[4]);
    end else begin : g_four
      assign low  = 3'(a[0]) + 3'(a[1]);
      assign high = 3'(a[2]) + 3'(a[3]);
    end
    assign {carry[i+1], y[i+i+1], y[i+i]} = low + (high << 1) + 3'(carry[i]);
  end
  assign y[ATOMS<<1] = carry[ATOMS];
`endif
endmodule
