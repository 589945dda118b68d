// Sum of LANES numbers of WIDTH bits, in two's complement if SIGNED, as SUM bits (modulo 2^SUM).
//
// Ports:      x (LANES * WIDTH bits, lane 0 lowest) in, y out, combinational.
// Parameters: LANES >= 1, SUM of any width.
// A balanced tree: node n adds nodes 2n + 1 and 2n + 2, the leaves are the last LANES nodes.
// Synthesis narrows the lower levels, whose upper bits are extensions.
module sum_lanes #(
    parameter int LANES  = 1,
    parameter int WIDTH  = 1,
    parameter int SIGNED = 0,
    parameter int SUM    = 1
) (
    input  logic [LANES-1:0][WIDTH-1:0] x,
    output logic [SUM-1:0] y
);
  /* verilator lint_off SPLITVAR */  // one lane of one bit is not worth splitting
  logic [LANES+LANES-2:0][SUM-1:0] node /* verilator split_var */;
  /* verilator lint_on SPLITVAR */
  for (genvar i = 0; i < LANES; i++) begin : g_leaf
    if (SIGNED != 0) begin : g_signed
      assign node[LANES-1+i] = SUM'($signed(x[i]));
    end else begin : g_unsigned
      assign node[LANES-1+i] = SUM'(x[i]);
    end
  end
  for (genvar i = 0; i < LANES - 1; i++) begin : g_node
    assign node[i] = node[i+i+1] + node[i+i+2];
  end
  assign y = node[0];
endmodule
