// One register between two streams.
//
// Ports:      s_* in, m_* out: data, valid, ready; clk; rst, synchronous and active high.
// Parameters: WIDTH of the data.
// Latency:    1 cycle. Interval: 1 cycle.
// Pressure:   s_ready is combinational in m_ready: a word may enter in the cycle in which the last one leaves.
// Reset:      empties it; the data register is not reset.
module stream_register #(
    parameter int WIDTH = 1
) (
    input  logic             clk,
    input  logic             rst,
    input  logic [WIDTH-1:0] s_data,
    input  logic             s_valid,
    output logic             s_ready,
    output logic [WIDTH-1:0] m_data,
    output logic             m_valid,
    input  logic             m_ready
);
  assign s_ready = !m_valid || m_ready;
  always_ff @(posedge clk) begin
    if (rst) m_valid <= 1'b0;
    else if (s_ready) m_valid <= s_valid;
  end
  always_ff @(posedge clk) begin
    if (s_ready) m_data <= s_data;
  end
endmodule
