// Number of ones among LANES bits.
//
// Ports:      x (LANES bits) in, y out, combinational.
// Parameters: LANES >= 1.
// A first level counts groups of six bits, which is three six-input LUTs each; a balanced tree of adders follows.
module popcount #(
    parameter int LANES = 1
) (
    input  logic [        LANES-1:0] x,
    output logic [$clog2(LANES+1)-1:0] y
);
  localparam int Groups = (LANES + 5) / 6;
  logic [Groups-1:0][5:0] six;
  logic [Groups-1:0][2:0] counts;
  assign six = $bits(six)'(x);

  for (genvar i = 0; i < Groups; i++) begin : g_six
    assign counts[i] = (3'(six[i][0]) + 3'(six[i][1]) + 3'(six[i][2])) + (3'(six[i][3]) + 3'(six[i][4]) + 3'(six[i][5]));
  end

  sum_lanes #(
      .LANES(Groups),
      .WIDTH(3),
      .SIGNED(0),
      .SUM($clog2(LANES + 1))
  ) u_tree (
      .x(counts),
      .y(y)
  );
endmodule
