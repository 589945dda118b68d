// Fold the steps of a run into one word: a sum of partial results, a maximum over taps.
//
// Ports:      s_valid, s_ready, s_last in: the step's data go to the circuit outside, which gives `next` from `state`
//             and the step; m_* out: `next` of the last step of a run; clk; rst, synchronous and active high.
// Parameters: WIDTH of the state; START, the state before the first step of a run.
// Latency:    1 cycle after the last step. Interval: 1 cycle per step.
// Pressure:   only the last step of a run waits for room in the output register.
// Reset:      starts a run; the output's data register is not reset.
module step_reduce #(
    parameter int WIDTH = 1,
    parameter logic [WIDTH-1:0] START = '0
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             s_valid,
    input  logic             s_last,
    output logic             s_ready,
    output logic [WIDTH-1:0] state,
    input  logic [WIDTH-1:0] next,
    output logic [WIDTH-1:0] m_data,
    output logic             m_valid,
    input  logic             m_ready
);
  logic room, fire;
  assign room = !m_valid || m_ready;
  assign s_ready = !s_last || room;
  assign fire = s_valid && s_ready;

  always_ff @(posedge clk) begin
    if (rst) state <= START;
    else if (fire) state <= s_last ? START : next;
  end
  always_ff @(posedge clk) begin
    if (fire && s_last) m_data <= next;
  end
  always_ff @(posedge clk) begin
    if (rst) m_valid <= 1'b0;
    else if (room) m_valid <= fire && s_last;
  end
endmodule
