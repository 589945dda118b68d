// Keep the last rows of a feature map in a circular memory and read them window by window.
//
// Ports:      s_* in: the words of the map in raster order; m_* out: m_data, or padding where m_padding is set; clk;
//             rst, synchronous and active high.
// Parameters: WIDTH of a word; ADDRESS: the memory holds 2^ADDRESS words, at least the words that a window spans;
//             STYLE of the memory (see window_memory). INDEX bits of a word's number, which counts on from frame to
//             frame; it must hold twice the words of a frame, and a sign.
//             FIRST_INDEX, FIRST_ROW, FIRST_COLUMN: where number, row and column start. HEIGHT, WIDTH_OF_MAP:
//             outside them is padding; where row and column stand still, they take no registers. COUNT_0 ...
//             COUNT_5: how often the loops run over fold, kernel column, kernel row, group, column, row (fold
//             innermost); COUNT bits hold any of these.
// Constants:  index_steps, row_steps, column_steps: what the word's number, row and column gain where that loop goes
//             on, and at the end of the frame; free_steps, per row of windows: how many more words no later row needs.
// Latency:    a word can be read 1 cycle after it was written, and is offered 1 cycle later. Interval: 1 cycle.
// Pressure:   words enter until the memory is full; rows are given up when the last window that needs them is done.
// Reset:      empties it; the memory is not reset.
module window_buffer #(
    parameter int WIDTH = 1,
    parameter int ADDRESS = 1,
    parameter int STYLE = 0,
    parameter int INDEX = 3,
    parameter int COUNT = 1,
    parameter logic [INDEX-1:0] FIRST_INDEX = '0,
    parameter logic [INDEX-1:0] FIRST_ROW = '0,
    parameter logic [INDEX-1:0] FIRST_COLUMN = '0,
    parameter logic [INDEX-1:0] HEIGHT = '1,
    parameter logic [INDEX-1:0] WIDTH_OF_MAP = '1,
    parameter int COUNT_0 = 1,
    parameter int COUNT_1 = 1,
    parameter int COUNT_2 = 1,
    parameter int COUNT_3 = 1,
    parameter int COUNT_4 = 1,
    parameter int COUNT_5 = 1
) (
    input  logic             clk,
    input  logic             rst,
    input  logic [6:0][INDEX-1:0] index_steps,
    input  logic [6:0][INDEX-1:0] row_steps,
    input  logic [6:0][INDEX-1:0] column_steps,
    input  logic [COUNT_5-1:0][INDEX-1:0] free_steps,
    input  logic [WIDTH-1:0] s_data,
    input  logic             s_valid,
    output logic             s_ready,
    output logic [WIDTH-1:0] m_data,
    output logic             m_padding,
    output logic             m_valid,
    input  logic             m_ready
);
  logic [INDEX-1:0] written, freed, index, row, column;
  logic [INDEX-1:0] index_step, row_step, column_step, free_step, held, ahead;
  logic [COUNT-1:0] output_row;
  logic [4:0][COUNT-1:0] unused_counts;
  logic [6:0] level;
  logic room, padding, arrived, read, write, row_ends;

  assign held = written - freed;
  assign ahead = index - freed;
  assign s_ready = $signed(held) < $signed(INDEX'(1) << ADDRESS);
  assign write = s_valid && s_ready;

  // As unsigned numbers, rows and columns before the map are beyond it too.
  assign padding = row >= HEIGHT || column >= WIDTH_OF_MAP;
  assign arrived = $signed(ahead) < $signed(held);
  assign room = !m_valid || m_ready;
  assign read = room && (padding || arrived);
  assign row_ends = |level[6:5];

  loop_nest #(
      .LOOPS(6),
      .BITS(COUNT),
      .COUNT_0(COUNT_0),
      .COUNT_1(COUNT_1),
      .COUNT_2(COUNT_2),
      .COUNT_3(COUNT_3),
      .COUNT_4(COUNT_4),
      .COUNT_5(COUNT_5)
  ) u_loops (
      .clk(clk),
      .rst(rst),
      .advance(read),
      .count({output_row, unused_counts}),
      .level(level)
  );

  window_memory #(
      .WIDTH(WIDTH),
      .ADDRESS(ADDRESS),
      .STYLE(STYLE)
  ) u_memory (
      .clk(clk),
      .write(write),
      .write_address(written[ADDRESS-1:0]),
      .write_data(s_data),
      .read(read),
      .read_address(index[ADDRESS-1:0]),
      .read_data(m_data)
  );

  always_comb begin
    index_step  = '0;
    row_step    = '0;
    column_step = '0;
    for (int i = 0; i < 7; i++) begin
      if (level[i]) begin
        index_step  = index_steps[i];
        row_step    = row_steps[i];
        column_step = column_steps[i];
      end
    end
  end
  // By comparing: an index that is not constant would be multiplied by INDEX.
  always_comb begin
    free_step = '0;
    for (int i = 0; i < COUNT_5; i++) if (output_row == COUNT'(i)) free_step = free_steps[i];
  end

  always_ff @(posedge clk) begin
    if (read) m_padding <= padding;
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      written    <= '0;
      freed      <= '0;
      index      <= FIRST_INDEX;
      row        <= FIRST_ROW;
      column     <= FIRST_COLUMN;
      m_valid    <= 1'b0;
    end else begin
      if (write) written <= written + 1'b1;
      if (read) begin
        index  <= index + index_step;
        row    <= row + row_step;
        column <= column + column_step;
        if (row_ends) freed <= freed + free_step;
      end
      if (room) m_valid <= read;
    end
  end
endmodule
