// A carry chain: y[i] = p[i] ^ carry[i], and carry[i + 1] is carry[i] where p[i] is 1, else g[i].
//
// Ports:      c, the carry into place 0; p and g (WIDTH bits) in; y out: the sums, then the carry out; combinational.
// Parameters: WIDTH >= 1.
// With MULFREE_XC7 defined it is made of CARRY4, the primitive of AMD 7 series for four places.
module carry_chain #(
    parameter int WIDTH = 1
) (
    input  logic             c,
    input  logic [WIDTH-1:0] p,
    input  logic [WIDTH-1:0] g,
    output logic [  WIDTH:0] y
);
`ifdef MULFREE_XC7
  localparam int Blocks = (WIDTH + 3) / 4;
  logic [(Blocks<<2)-1:0] s, d, o, co;
  assign s = (Blocks << 2)'(p);
  assign d = (Blocks << 2)'(g);
  for (genvar i = 0; i < Blocks; i++) begin : g_block
    if (i == 0) begin : g_first
      CARRY4 u_carry (.CI(1'b0), .CYINIT(c), .DI(d[3:0]), .S(s[3:0]), .O(o[3:0]), .CO(co[3:0]));
    end else begin : g_next
      CARRY4 u_carry (
          .CI(co[(i<<2)-1]), .CYINIT(1'b0), .DI(d[(i<<2)+:4]), .S(s[(i<<2)+:4]), .O(o[(i<<2)+:4]), .CO(co[(i<<2)+:4])
      );
    end
  end
  assign y = {co[WIDTH-1], o[WIDTH-1:0]};
`else
  logic [WIDTH:0] carry  /* verilator split_var */;
  assign carry[0] = c;
  for (genvar i = 0; i < WIDTH; i++) begin : g_place
    assign carry[i+1] = p[i] ? carry[i] : g[i];
    assign y[i] = p[i] ^ carry[i];
  end
  assign y[WIDTH] = carry[WIDTH];
`endif
endmodule
