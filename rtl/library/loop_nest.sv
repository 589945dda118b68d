// Counters of nested loops, loop 0 innermost: where each is, and which goes on with the next step.
//
// Ports:      advance: a step is done; count: how often each loop has gone on; level: one bit per loop and one for the
//             end of all of them. Bit i is set if the step ends loops 0 ... i - 1 and loop i goes on; clk; rst,
//             synchronous and active high.
// Parameters: LOOPS, at most 6; BITS of a count; COUNT_i: how often loop i runs, at least once. A loop that runs once
//             has no register.
// Latency:    level and count belong to the present step. Interval: 1 cycle.
// Reset:      the first step.
module loop_nest #(
    parameter int LOOPS = 1,
    parameter int BITS = 1,
    parameter int COUNT_0 = 1,
    parameter int COUNT_1 = 1,
    parameter int COUNT_2 = 1,
    parameter int COUNT_3 = 1,
    parameter int COUNT_4 = 1,
    parameter int COUNT_5 = 1
) (
    input  logic           clk,
    input  logic           rst,
    input  logic           advance,
    output logic [LOOPS-1:0][BITS-1:0] count,
    output logic [LOOPS:0] level
);
  logic [LOOPS:0] ended;
  logic [LOOPS-1:0] last;
  for (genvar i = 0; i < LOOPS; i++) begin : g_loop
    localparam int Count = (i == 0) ? COUNT_0 : (i == 1) ? COUNT_1 : (i == 2) ? COUNT_2 :
                           (i == 3) ? COUNT_3 : (i == 4) ? COUNT_4 : COUNT_5;
    localparam int Bits = (Count > 1) ? $clog2(Count) : 1;
    if (Count > 1) begin : g_counter
      logic [Bits-1:0] turn;
      assign last[i] = turn == Bits'(Count - 1);
      always_ff @(posedge clk) begin
        if (rst) turn <= '0;
        else if (advance && ended[i]) turn <= last[i] ? '0 : turn + 1'b1;
      end
      assign count[i] = BITS'(turn);
    end else begin : g_once
      logic unused_ports;
      assign unused_ports = &{clk, rst, advance};
      assign last[i] = 1'b1;
      assign count[i] = '0;
    end
    assign level[i] = ended[i] && !last[i];
    assign ended[i+1] = &last[i:0];
  end
  assign ended[0] = 1'b1;
  assign level[LOOPS] = ended[LOOPS];
endmodule
