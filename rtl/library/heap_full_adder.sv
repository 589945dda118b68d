// Sum of three bits, as two bits.
//
// Ports:      x in, y out, combinational.
// Parameters: none.
// With MULFREE_XC7 defined it is one LUT6_2, a primitive of AMD 7 series.
module heap_full_adder (
    input  logic [2:0] x,
    output logic [1:0] y
);
`ifdef MULFREE_XC7
  LUT6_2 #(.INIT(64'h96969696e8e8e8e8)) u_sum (
      .I0(x[0]), .I1(x[1]), .I2(x[2]), .I3(1'b0), .I4(1'b0), .I5(1'b1), .O6(y[0]), .O5(y[1])
  );
`else
  assign y[0] = x[0] ^ x[1] ^ x[2];
  assign y[1] = (x[0] & x[1]) | (x[2] & (x[0] ^ x[1]));
`endif
endmodule
