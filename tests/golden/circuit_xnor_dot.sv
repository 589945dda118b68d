// Bipolar dot product of 12 lanes.
/* verilator lint_off UNUSEDSIGNAL */
module xnor_dot (
    input logic [11:0] x,
    input logic [11:0] w,
    output logic [3:0] y
);
  logic [11:0] xnor_0;  // [0, 1] x 12
  for (genvar i = 0; i < 12; i++) begin : g_xnor_0
    assign xnor_0[i] = ~(x[i] ^ w[i]);
  end
  logic [3:0] popcount_1;  // [0, 12]
  logic [3:0] popcount_1_count;
  popcount #(.LANES(12)) u_popcount_1 (.x(xnor_0), .y(popcount_1_count));
  assign popcount_1 = 4'(popcount_1_count);
  logic [3:0] from_index_2;  // [-12, 12, 2]
  assign from_index_2 = popcount_1;
  assign y = from_index_2;
endmodule
/* verilator lint_on UNUSEDSIGNAL */
