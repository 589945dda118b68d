// A feature map in raster order with constant words around it.
//
// Ports:      s_* in: the map; m_* out: the padded map; clk; rst, synchronous and active high.
// Parameters: WIDTH of a word; FILL, the word outside the map; FOLD words per pixel; BITS of a counter;
//             ROWS, COLUMNS of the padded map; the map lies at rows TOP ... BOTTOM - 1, columns LEFT ... RIGHT - 1.
// Latency:    1 cycle. Interval: 1 cycle.
// Pressure:   padding waits for room only, and no word enters meanwhile.
// Reset:      starts a frame; the data register is not reset.
module pad_map #(
    parameter int WIDTH = 1,
    parameter logic [WIDTH-1:0] FILL = '0,
    parameter int BITS = 1,
    parameter int FOLD = 1,
    parameter int ROWS = 1,
    parameter int COLUMNS = 1,
    parameter int TOP = 0,
    parameter int LEFT = 0,
    parameter int BOTTOM = 1,
    parameter int RIGHT = 1
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
  logic [BITS-1:0] row, column;
  logic [3:0] unused_level;
  logic [BITS-1:0] unused_fold;
  logic in_map, room, fire;

  // One bit more than the counters need, so that every bound below is a number of BITS bits.
  assign in_map = row - BITS'(TOP) < BITS'(BOTTOM - TOP) && column - BITS'(LEFT) < BITS'(RIGHT - LEFT);
  assign room = !m_valid || m_ready;
  assign s_ready = in_map && room;
  assign fire = room && (!in_map || s_valid);

  loop_nest #(
      .LOOPS(3),
      .BITS(BITS),
      .COUNT_0(FOLD),
      .COUNT_1(COLUMNS),
      .COUNT_2(ROWS)
  ) u_loops (
      .clk(clk),
      .rst(rst),
      .advance(fire),
      .count({row, column, unused_fold}),
      .level(unused_level)
  );

  always_ff @(posedge clk) begin
    if (fire) m_data <= in_map ? s_data : FILL;
  end
  always_ff @(posedge clk) begin
    if (rst) m_valid <= 1'b0;
    else if (room) m_valid <= fire;
  end
endmodule
