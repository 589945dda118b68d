// Largest of LANES numbers of WIDTH bits, in two's complement if SIGNED.
//
// Ports:      x (LANES * WIDTH bits, lane 0 lowest) in, y out, combinational.
// Parameters: LANES >= 1; SUM, the width of y, is WIDTH.
// A balanced tree: node n chooses between nodes 2n + 1 and 2n + 2, the leaves are the last LANES nodes.
module max_lanes #(
    parameter int LANES  = 1,
    parameter int WIDTH  = 1,
    parameter int SIGNED = 0,
    parameter int SUM    = 1
) (
    input  logic [LANES-1:0][WIDTH-1:0] x,
    output logic [SUM-1:0] y
);
  // Turning the sign bit over makes the order of two's complement that of plain binary.
  localparam logic [WIDTH-1:0] Bias = (SIGNED != 0) ? WIDTH'(1) << (WIDTH - 1) : '0;
  /* verilator lint_off SPLITVAR */  // one lane of one bit is not worth splitting
  logic [LANES+LANES-2:0][WIDTH-1:0] node /* verilator split_var */;
  /* verilator lint_on SPLITVAR */
  for (genvar i = 0; i < LANES; i++) begin : g_leaf
    assign node[LANES-1+i] = x[i] ^ Bias;
  end
  for (genvar i = 0; i < LANES - 1; i++) begin : g_node
    assign node[i] = node[i+i+1] >= node[i+i+2] ? node[i+i+1] : node[i+i+2];
  end
  assign y = node[0] ^ Bias;
endmodule
