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
  logic [11:0] popcount_1_0;
  assign popcount_1_0 = {xnor_0[11], xnor_0[10], xnor_0[9], xnor_0[8], xnor_0[7], xnor_0[6], xnor_0[5], xnor_0[4], xnor_0[3], xnor_0[2], xnor_0[1], xnor_0[0]};
  logic [5:0] popcount_1_1;
  heap_full_adder u_popcount_1_1_0 (.x(popcount_1_0[2:0]), .y(popcount_1_1[1:0]));
  heap_full_adder u_popcount_1_1_1 (.x(popcount_1_0[5:3]), .y(popcount_1_1[3:2]));
  heap_full_adder u_popcount_1_1_2 (.x(popcount_1_0[8:6]), .y(popcount_1_1[5:4]));
  logic [5:0] popcount_1_2;
  heap_full_adder u_popcount_1_2_0 (.x(popcount_1_0[11:9]), .y(popcount_1_2[1:0]));
  heap_full_adder u_popcount_1_2_1 (.x({popcount_1_1[4], popcount_1_1[2], popcount_1_1[0]}), .y(popcount_1_2[3:2]));
  heap_full_adder u_popcount_1_2_2 (.x({popcount_1_1[5], popcount_1_1[3], popcount_1_1[1]}), .y(popcount_1_2[5:4]));
  logic [1:0] popcount_1_3;
  heap_full_adder u_popcount_1_3_0 (.x({popcount_1_2[4:3], popcount_1_2[1]}), .y(popcount_1_3[1:0]));
  logic [3:0] popcount_1_4;
  heap_row #(.WIDTH(3), .CARRY(0), .SUM(4)) u_popcount_1_4_0 (.x({popcount_1_3[1], popcount_1_2[5], 1'h0, popcount_1_3[0], popcount_1_2[2], popcount_1_2[0], 1'h0}), .y(popcount_1_4[3:0]));
  assign popcount_1 = {popcount_1_4[3], popcount_1_4[2], popcount_1_4[1], popcount_1_4[0]};
  logic [3:0] from_index_2;  // [-12, 12, 2]
  assign from_index_2 = popcount_1;
  assign y = from_index_2;
endmodule
/* verilator lint_on UNUSEDSIGNAL */
