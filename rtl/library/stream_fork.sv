// The same stream on OUTPUTS outputs, each behind a register of its own.
//
// Ports:      s_* in; m_* out, output i in bits i of m_valid and m_ready, word i of m_data; clk;
//             rst, synchronous and active high.
// Parameters: WIDTH of the data, OUTPUTS >= 1.
// Latency:    1 cycle. Interval: 1 cycle.
// Pressure:   a word enters only when every output has room, so it leaves on all of them from the same cycle on.
// Reset:      empties it; the data registers are not reset.
module stream_fork #(
    parameter int WIDTH   = 1,
    parameter int OUTPUTS = 2
) (
    input  logic                          clk,
    input  logic                          rst,
    input  logic [  WIDTH-1:0]            s_data,
    input  logic                          s_valid,
    output logic                          s_ready,
    output logic [OUTPUTS-1:0][WIDTH-1:0] m_data,
    output logic [OUTPUTS-1:0]            m_valid,
    input  logic [OUTPUTS-1:0]            m_ready
);
  logic fire;
  assign s_ready = &(~m_valid | m_ready);
  assign fire = s_valid && s_ready;
  always_ff @(posedge clk) begin
    if (rst) m_valid <= '0;
    else m_valid <= fire ? '1 : m_valid & ~m_ready;
  end
  always_ff @(posedge clk) begin
    if (fire) m_data <= {OUTPUTS{s_data}};
  end
endmodule
