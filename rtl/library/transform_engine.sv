// A transform of tiles of 2^LEVELS x 2^LEVELS points in place: one memory, one butterfly, pass after pass.
//
// Ports:      s_* in: the points of a tile row after row, FOLDS words each; m_* out: the first ROWS x COLUMNS points of
//             what they become, in the same order; a, b, k out: the words of a butterfly and its number within a block
//             that spans the tile; sum, difference in: what the circuit outside makes of them in the same cycle; clk;
//             rst, synchronous and active high.
// Parameters: WIDTH of a word; LEVELS >= 1; FOLDS; ROWS, COLUMNS; K bits of k; IS_INVERSE: butterflies pass over columns,
//             then rows, halves growing, instead of over rows, then columns, halves shrinking; PASSES of all
//             2 LEVELS; STYLE of the memory (see window_memory).
// Latency:    a tile is taken, then each pass takes 2 cycles more than the tile has words, then it leaves; the first
//             word 1 cycle after its read. Interval: the same; no tile is taken meanwhile.
// Pressure:   words wait while a tile is worked on; the last word may wait at the output while the next tile is.
// Reset:      the beginning of a tile; the memory and data registers are not reset.
module transform_engine #(
    parameter int WIDTH = 1,
    parameter int LEVELS = 1,
    parameter int FOLDS = 1,
    parameter int ROWS = 2,
    parameter int COLUMNS = 2,
    parameter int K = 1,
    parameter int IS_INVERSE = 0,
    parameter int PASSES = 2,
    parameter int STYLE = 0
) (
    input  logic             clk,
    input  logic             rst,
    input  logic [WIDTH-1:0] s_data,
    input  logic             s_valid,
    output logic             s_ready,
    output logic [WIDTH-1:0] m_data,
    output logic             m_valid,
    input  logic             m_ready,
    output logic [WIDTH-1:0] a,
    output logic [WIDTH-1:0] b,
    output logic [    K-1:0] k,
    input  logic [WIDTH-1:0] sum,
    input  logic [WIDTH-1:0] difference
);
  localparam int Points = LEVELS << 1;
  localparam int FoldBits = (FOLDS > 1) ? $clog2(FOLDS) : 1;
  localparam int Address = (FOLDS > 1) ? Points + FoldBits : Points;
  localparam int PassBits = $clog2(Points + 1);
  localparam int FirstBit = (IS_INVERSE != 0) ? LEVELS : LEVELS - 1;
  localparam int FirstLevel = (IS_INVERSE != 0) ? LEVELS - 1 : 0;
  localparam logic [1:0] Load = 2'd0, Pass = 2'd1, Drain = 2'd2, Unload = 2'd3;

  logic [1:0] phase;
  logic [FoldBits-1:0] fold;
  logic [Points-1:0] count, next_point, point;
  logic [PassBits-1:0] at, level, passes;
  logic fold_ends, tile_ends, fire, room, drained, read, write;

  // The counter of points, in a pass turned so that its lowest bit is the one in which the words of a butterfly differ.
  assign point = (phase == Pass) ? (count << at) | (count >> (PassBits'(Points) - at)) : count;

  assign room = !m_valid || m_ready;
  assign s_ready = phase == Load;
  assign fold_ends = fold == FoldBits'(FOLDS - 1);
  always_comb begin
    case (phase)
      Load:    fire = s_valid;
      Unload:  fire = room;
      default: fire = 1'b1;
    endcase
  end
  localparam logic [Points-1:0] LastLoaded = '1;
  localparam logic [Points-1:0] LastUnloaded = {LEVELS'(ROWS - 1), LEVELS'(COLUMNS - 1)};
  logic row_ends;
  assign tile_ends = fold_ends && count == ((phase == Unload) ? LastUnloaded : LastLoaded);
  assign row_ends = phase == Unload && count[LEVELS-1:0] == LEVELS'(COLUMNS - 1);
  assign next_point = row_ends ? {count[Points-1:LEVELS] + 1'b1, LEVELS'(0)} : count + 1'b1;

  always_ff @(posedge clk) begin
    if (rst) begin
      phase   <= Load;
      fold    <= '0;
      count   <= '0;
      passes  <= '0;
      drained <= 1'b0;
      at      <= PassBits'(FirstBit);
      level   <= PassBits'(FirstLevel);
    end else if (phase == Drain) begin
      drained <= !drained;
      if (drained) begin
        passes <= (passes == PassBits'(PASSES - 1)) ? '0 : passes + 1'b1;
        phase  <= (passes == PassBits'(PASSES - 1)) ? Unload : Pass;
        if (passes == PassBits'(PASSES - 1)) begin
          at    <= PassBits'(FirstBit);
          level <= PassBits'(FirstLevel);
        end else if (IS_INVERSE != 0) begin
          at    <= (at == PassBits'(Points - 1)) ? '0 : at + 1'b1;
          level <= (level == '0) ? PassBits'(LEVELS - 1) : level - 1'b1;
        end else begin
          at    <= (at == '0) ? PassBits'(Points - 1) : at - 1'b1;
          level <= (level == PassBits'(LEVELS - 1)) ? '0 : level + 1'b1;
        end
      end
    end else if (fire) begin
      if (tile_ends) phase <= (phase == Load) ? Pass : (phase == Pass) ? Drain : Load;
      if (tile_ends) count <= '0;
      else if (phase == Pass) begin
        if (!count[0]) count[0] <= 1'b1;
        else count <= fold_ends ? next_point : {count[Points-1:1], 1'b0};
      end else if (fold_ends) count <= next_point;
      if (phase != Pass || count[0]) fold <= fold_ends ? '0 : fold + 1'b1;
    end
  end

  // A word that was read arrives in the next cycle: the first of two is held, both results are written one by one.
  logic arrives, is_second, waits;
  logic [Address-1:0] address, read_address, first_address, second_address, write_address;
  logic [WIDTH-1:0] read_data, held_difference, write_data;
  if (FOLDS > 1) begin : g_folds
    assign address = {point, fold};
  end else begin : g_one_fold
    assign address = point;
  end
  assign read = phase == Pass || (phase == Unload && fire);
  always_ff @(posedge clk) begin
    read_address <= address;
    is_second    <= count[0];
    if (arrives && !is_second) begin
      a <= read_data;
      first_address <= read_address;
    end
    if (arrives && is_second) begin
      held_difference <= difference;
      second_address  <= read_address;
    end
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      arrives <= 1'b0;
      waits   <= 1'b0;
    end else begin
      arrives <= phase == Pass;
      waits   <= arrives && is_second;
    end
  end
  assign b = read_data;
  assign write = (phase == Load && fire) || (arrives && is_second) || waits;
  assign write_address = (phase == Load) ? address : waits ? second_address : first_address;
  assign write_data = (phase == Load) ? s_data : waits ? held_difference : sum;

  window_memory #(
      .WIDTH(WIDTH),
      .ADDRESS(Address),
      .STYLE(STYLE)
  ) u_memory (
      .clk(clk),
      .write(write),
      .write_address(write_address),
      .write_data(write_data),
      .read(read),
      .read_address(address),
      .read_data(read_data)
  );

  if (LEVELS > 1) begin : g_turns
    logic [LEVELS-1:0] index;
    assign index = (at >= PassBits'(LEVELS)) ? point[Points-1:LEVELS] : point[LEVELS-1:0];
    always_ff @(posedge clk) k <= K'(index << level);
  end else begin : g_no_turns
    assign k = '0;
  end

  // A word at the output must outlast the reads of the next tile.
  logic is_fresh;
  logic [WIDTH-1:0] kept;
  assign m_data = is_fresh ? read_data : kept;
  always_ff @(posedge clk) begin
    if (is_fresh) kept <= read_data;
    is_fresh <= phase == Unload && fire;
  end
  always_ff @(posedge clk) begin
    if (rst) m_valid <= 1'b0;
    else if (room) m_valid <= phase == Unload && fire;
  end
endmodule
