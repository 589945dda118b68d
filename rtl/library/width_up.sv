// RATIO narrow words in, one wide word out: the first in the least significant bits.
//
// Ports:      s_* in (WIDTH bits), m_* out (RATIO * WIDTH bits); clk; rst, synchronous and active high.
// Parameters: WIDTH of a narrow word, RATIO >= 2.
// Latency:    1 cycle after the last narrow word. Interval: RATIO cycles.
// Pressure:   while a wide word waits, the next one fills up all but its last narrow word.
// Reset:      empties it; data registers are not reset.
module width_up #(
    parameter int WIDTH = 1,
    parameter int RATIO = 2
) (
    input  logic                        clk,
    input  logic                        rst,
    input  logic [WIDTH-1:0]            s_data,
    input  logic                        s_valid,
    output logic                        s_ready,
    output logic [RATIO-1:0][WIDTH-1:0] m_data,
    output logic                        m_valid,
    input  logic                        m_ready
);
  localparam int CountBits = $clog2(RATIO);
  logic [RATIO-2:0][WIDTH-1:0] early;
  logic [CountBits-1:0] count;
  logic last, room, fire;

  assign last = count == CountBits'(RATIO - 1);
  assign room = !m_valid || m_ready;
  assign s_ready = !last || room;
  assign fire = s_valid && s_ready;

  // A word is chosen by comparing: an index that is not constant would be multiplied by WIDTH.
  for (genvar i = 0; i < RATIO - 1; i++) begin : g_early
    always_ff @(posedge clk) if (fire && count == CountBits'(i)) early[i] <= s_data;
  end
  always_ff @(posedge clk) begin
    if (fire && last) m_data <= {s_data, early};
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      count   <= '0;
      m_valid <= 1'b0;
    end else begin
      if (fire) count <= last ? '0 : count + 1'b1;
      if (room) m_valid <= fire && last;
    end
  end
endmodule
