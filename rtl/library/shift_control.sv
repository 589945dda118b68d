// The order in which a shifted map is written to and read from circular memories: one write and one read a cycle.
//
// Ports:      s_valid, s_ready in; m_valid, m_ready out, for data that leaves the memories a cycle after `read`;
//             write, write_address; read, and of the word read: its address, row, column and fold;
//             latest in, for that fold: how many words after it must have come; clk; rst, synchronous, active high.
// Parameters: ADDRESS: the memories hold 2^ADDRESS words. INDEX bits of a word's number, which counts on from frame to
//             frame; PLACE bits of a row or column; FOLD bits of a fold. FOLDS words per pixel, COLUMNS and ROWS of the
//             map, WORDS = FOLDS x COLUMNS x ROWS. EARLIEST <= 0: how far before it words may still be read.
// Latency:    a word can be read 1 cycle after it was written, and is offered 1 cycle later. Interval: 1 cycle.
// Pressure:   words enter until the memory is full; a word is given up when nothing later reads it.
// Reset:      empties it.
module shift_control #(
    parameter int ADDRESS = 1,
    parameter int INDEX = 4,
    parameter int PLACE = 2,
    parameter int FOLD = 1,
    parameter int FOLDS = 1,
    parameter int COLUMNS = 1,
    parameter int ROWS = 1,
    parameter int WORDS = 1,
    parameter logic [INDEX-1:0] EARLIEST = '0
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             s_valid,
    output logic             s_ready,
    output logic             m_valid,
    input  logic             m_ready,
    output logic             write,
    output logic [ADDRESS-1:0] write_address,
    output logic             read,
    output logic [ADDRESS-1:0] address,
    output logic [PLACE-1:0] row,
    output logic [PLACE-1:0] column,
    output logic [ FOLD-1:0] fold,
    input  logic [INDEX-1:0] latest
);
  logic [INDEX-1:0] written, index, freed, frame_end, held, ahead, spare, wanted, left, kept;
  logic room, arrived, fold_ends, row_ends, frame_ends;

  assign held = written - freed;
  assign s_ready = $signed(held) < $signed(INDEX'(1) << ADDRESS);
  assign write = s_valid && s_ready;
  assign write_address = written[ADDRESS-1:0];
  assign address = index[ADDRESS-1:0];

  // Near the end of the map the words wanted lie beyond it: its last word is enough.
  assign left = frame_end - index;
  assign wanted = index + latest;
  assign spare = latest - left;
  assign ahead = ($signed(spare) >= 0 ? frame_end - 1'b1 : wanted) - freed;
  assign arrived = $signed(ahead) < $signed(held);
  assign room = !m_valid || m_ready;
  assign read = room && arrived;

  assign fold_ends = fold == FOLD'(FOLDS - 1);
  assign row_ends = fold_ends && column == PLACE'(COLUMNS - 1);
  assign frame_ends = row_ends && row == PLACE'(ROWS - 1);
  assign kept = index + 1'b1 + EARLIEST - freed;

  always_ff @(posedge clk) begin
    if (rst) begin
      written     <= '0;
      freed       <= '0;
      frame_end   <= INDEX'(WORDS);
      index       <= '0;
      row         <= '0;
      column      <= '0;
      fold        <= '0;
      m_valid     <= 1'b0;
    end else begin
      if (write) written <= written + 1'b1;
      if (room) m_valid <= read;
      if (read) begin
        index <= index + 1'b1;
        fold  <= fold_ends ? '0 : fold + 1'b1;
        if (fold_ends) column <= row_ends ? '0 : column + 1'b1;
        if (row_ends) row <= frame_ends ? '0 : row + 1'b1;
        if (frame_ends) begin
          freed     <= frame_end;
          frame_end <= frame_end + INDEX'(WORDS);
        end else if ($signed(kept) > 0) begin
          freed <= freed + kept;
        end
      end
    end
  end
endmodule
