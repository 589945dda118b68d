// Counters of nested loops, loop 0 innermost: which loop goes on with the next step.
//
// Ports:      counts: constants, how often each loop runs, at least once; advance: a step is done; level: one bit per loop and one for the end of all of them. Bit i is set if
//             the step ends loops 0 ... i - 1 and loop i goes on; clk; rst, synchronous and active high.
// Parameters: LOOPS; BITS of a counter.
// Latency:    level belongs to the present step. Interval: 1 cycle.
// Reset:      the first step.
module loop_nest #(
    parameter int LOOPS = 1,
    parameter int BITS = 1
) (
    input  logic           clk,
    input  logic           rst,
    input  logic           advance,
    input  logic [LOOPS-1:0][BITS-1:0] counts,
    output logic [LOOPS:0] level
);
  logic [LOOPS-1:0][BITS-1:0] count;
  logic [LOOPS:0] ended;
  logic [LOOPS-1:0] last;
  for (genvar i = 0; i < LOOPS; i++) begin : g_loop
    assign last[i] = count[i] == counts[i] - 1'b1;
    always_ff @(posedge clk) begin
      if (rst) count[i] <= '0;
      else if (advance && ended[i]) count[i] <= last[i] ? '0 : count[i] + 1'b1;
    end
    assign level[i] = ended[i] && !last[i];
    assign ended[i+1] = &last[i:0];
  end
  assign ended[0] = 1'b1;
  assign level[LOOPS] = ended[LOOPS];
endmodule
