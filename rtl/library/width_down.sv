// One wide word in, RATIO narrow words out: the least significant bits first.
//
// Ports:      s_* in (RATIO * WIDTH bits), m_* out (WIDTH bits); clk; rst, synchronous and active high.
// Parameters: WIDTH of a narrow word, RATIO >= 2.
// Latency:    1 cycle to the first narrow word. Interval: RATIO cycles.
// Pressure:   a wide word enters in the cycle in which its first narrow word goes to the output register.
// Reset:      empties it; data registers are not reset.
module width_down #(
    parameter int WIDTH = 1,
    parameter int RATIO = 2
) (
    input  logic                        clk,
    input  logic                        rst,
    input  logic [RATIO-1:0][WIDTH-1:0] s_data,
    input  logic                        s_valid,
    output logic                        s_ready,
    output logic [WIDTH-1:0]            m_data,
    output logic                        m_valid,
    input  logic                        m_ready
);
  localparam int CountBits = $clog2(RATIO);
  logic [RATIO-2:0][WIDTH-1:0] rest;
  logic [CountBits-1:0] count;
  logic first, room, fire;

  assign first = count == '0;
  assign room = !m_valid || m_ready;
  assign s_ready = first && room;
  assign fire = room && (!first || s_valid);

  always_ff @(posedge clk) begin
    if (fire) begin
      m_data <= first ? s_data[0] : rest[0];
      rest   <= first ? s_data[RATIO-1:1] : rest >> WIDTH;
    end
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      count   <= '0;
      m_valid <= 1'b0;
    end else begin
      if (fire) count <= (count == CountBits'(RATIO - 1)) ? '0 : count + 1'b1;
      if (room) m_valid <= fire;
    end
  end
endmodule
