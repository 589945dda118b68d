// Handshake of a chain of registers that stand elsewhere: which of them take what comes.
//
// Ports:      s_* in, m_* out: valid, ready; enable out: register i takes in cycles in which enable[i] is 1; clk; rst,
//             synchronous and active high.
// Parameters: REGISTERS in the chain.
// Latency:    REGISTERS cycles. Interval: 1 cycle.
// Pressure:   s_ready is combinational in m_ready: every register takes a word in the cycle in which it hands its own
//             on, and as long as one behind it is empty.
// Reset:      empties all.
module pipeline_control #(
    parameter int REGISTERS = 1
) (
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 s_valid,
    output logic                 s_ready,
    output logic                 m_valid,
    input  logic                 m_ready,
    output logic [REGISTERS-1:0] enable
);
  logic [REGISTERS-1:0] valid, next;
  for (genvar i = 0; i < REGISTERS; i++) begin : g_register
    assign enable[i] = m_ready || !(&valid[REGISTERS-1:i]);
    if (i == 0) begin : g_first
      assign next[i] = s_valid;
    end else begin : g_later
      assign next[i] = valid[i-1];
    end
    always_ff @(posedge clk) begin
      if (rst) valid[i] <= 1'b0;
      else if (enable[i]) valid[i] <= next[i];
    end
  end
  assign s_ready = enable[0];
  assign m_valid = valid[REGISTERS-1];
endmodule
