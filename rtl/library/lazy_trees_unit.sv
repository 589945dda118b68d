// Walk trees of minima and maxima over units that are summed up one after the other, leaving out decided subtrees.
//
// Ports:      s_* in: the words of a vector; m_* out: the value of each tree; address, fetch: of the weights, a memory
//             with a registered read, which meet the word x; state out, next in: the sum before and after a word; sum,
//             lower, upper out, clamped in: a unit's sum and its value within the bounds; value, node_lower,
//             node_upper out, is_decided, right_lower, right_upper in: of the present node; node: address of a table
//             with a registered read, whose word says is_end (no node, the tree ends here), turns, last (the last leaf
//             of the right tree), base (the address of the next leaf's weights) and bias; clk; rst, synchronous and
//             active high.
// Parameters: WIDTH of a word; WORDS make a vector; LEAVES of all trees; WEIGHTS, their words: LEAVES times WORDS;
//             PLACES for bounds, by turns; SUM, VALUE and BOUND in bits; LEAST, MOST: bounds that nothing reaches. The
//             others follow.
// Latency:    a vector takes WORDS cycles, a unit WORDS + 2, a node or the end of a tree 1. Interval: their sum.
// Pressure:   words enter while no vector is held; the end of a tree waits for room in the output register.
// Reset:      holds no vector and offers nothing; memories and data registers are not reset.
module lazy_trees_unit #(
    parameter int WIDTH  = 1,
    parameter int WORDS  = 1,
    parameter int LEAVES = 1,
    parameter int PLACES = 1,
    parameter int SUM    = 1,
    parameter int VALUE  = 1,
    parameter int BOUND  = 2,
    parameter logic [BOUND-1:0] LEAST = '0,
    parameter logic [BOUND-1:0] MOST  = '0,
    parameter int WEIGHTS = 1,
    parameter int NodeBits    = (LEAVES > 1) ? $clog2(LEAVES) : 1,
    parameter int AddressBits = (WEIGHTS > 1) ? $clog2(WEIGHTS) : 1,
    parameter int PlaceBits   = (PLACES > 1) ? $clog2(PLACES) : 1
) (
    input  logic                   clk,
    input  logic                   rst,
    input  logic [      WIDTH-1:0] s_data,
    input  logic                   s_valid,
    output logic                   s_ready,
    output logic [AddressBits-1:0] address,
    output logic                   fetch,
    output logic [      WIDTH-1:0] x,
    output logic [        SUM-1:0] state,
    input  logic [        SUM-1:0] next,
    output logic [        SUM-1:0] sum,
    input  logic [      VALUE-1:0] clamped,
    output logic [      BOUND-1:0] lower,
    output logic [      BOUND-1:0] upper,
    output logic [      VALUE-1:0] value,
    output logic [      BOUND-1:0] node_lower,
    output logic [      BOUND-1:0] node_upper,
    input  logic                   is_decided,
    input  logic [      BOUND-1:0] right_lower,
    input  logic [      BOUND-1:0] right_upper,
    output logic [   NodeBits-1:0] node,
    input  logic                   is_end,
    input  logic [  PlaceBits-1:0] turns,
    input  logic [   NodeBits-1:0] last,
    input  logic [AddressBits-1:0] base,
    input  logic [        SUM-1:0] bias,
    output logic [      VALUE-1:0] m_data,
    output logic                   m_valid,
    input  logic                   m_ready
);
  localparam logic [2:0] Load = 3'd0, Read = 3'd1, Add = 3'd2, Clamp = 3'd3, Walk = 3'd4;
  logic [2:0] phase;
  logic [NodeBits-1:0] leaf;
  logic room, write, adds, is_first, walks, ends, jumps, turns_right, last_word, last_leaf;
  logic [WIDTH-1:0] word;

  assign room = !m_valid || m_ready;
  assign s_ready = phase == Load;
  assign write = s_valid && s_ready;
  assign fetch = phase == Read;
  assign walks = phase == Walk;
  assign ends = walks && is_end && room;
  assign jumps = walks && !is_end && is_decided;
  assign turns_right = walks && !is_end && !is_decided;
  assign last_leaf = leaf == NodeBits'(LEAVES - 1);
  // The table is read ahead: behind a jump, the node that it leads to.
  assign node = jumps ? last : leaf;
  assign state = is_first ? bias : sum;

  always_ff @(posedge clk) begin
    if (rst) begin
      phase   <= Load;
      leaf    <= '0;
      address <= '0;
    end else begin
      case (phase)
        Load: if (write && last_word) phase <= Read;
        Read: begin
          address <= (address == AddressBits'(WEIGHTS - 1)) ? '0 : address + 1'b1;
          if (last_word) phase <= Add;
        end
        Add: phase <= Clamp;
        Clamp: phase <= Walk;
        default: begin
          if (jumps) leaf <= last;
          if (ends || turns_right) begin
            leaf    <= last_leaf ? '0 : leaf + 1'b1;
            address <= base;
            phase   <= last_leaf ? Load : Read;
          end
        end
      endcase
    end
  end
  always_ff @(posedge clk) begin
    if (rst) m_valid <= 1'b0;
    else if (room) m_valid <= ends;
  end
  always_ff @(posedge clk) begin
    if (ends) m_data <= value;
    if (fetch) x <= word;
    if (adds) sum <= next;
    if (phase == Clamp) value <= clamped;
    if (phase == Load || ends) begin
      lower <= LEAST;
      upper <= MOST;
    end else if (turns_right) begin
      lower <= right_lower;
      upper <= right_upper;
    end
  end

  if (WORDS == 1) begin : g_one_word
    logic [WIDTH-1:0] held;
    always_ff @(posedge clk) if (write) held <= s_data;
    assign word = held;
    assign last_word = 1'b1;
    always_ff @(posedge clk) begin
      adds     <= fetch;
      is_first <= 1'b1;
    end
  end else begin : g_words
    localparam int WordBits = $clog2(WORDS);
    logic [WordBits-1:0] index;
    (* ram_style = "distributed" *) logic [WIDTH-1:0] held[0:WORDS-1];
    always_ff @(posedge clk) if (write) held[index] <= s_data;
    assign word = held[index];
    assign last_word = index == WordBits'(WORDS - 1);
    always_ff @(posedge clk) begin
      if (rst) index <= '0;
      else if (write || fetch) index <= last_word ? '0 : index + 1'b1;
    end
    always_ff @(posedge clk) begin
      adds     <= fetch;
      is_first <= index == '0;
    end
  end

  if (PLACES == 1) begin : g_root
    logic unused_turns;
    assign unused_turns = ^turns;
    assign node_lower = LEAST;
    assign node_upper = MOST;
  end else begin : g_places
    (* ram_style = "distributed" *) logic [BOUND+BOUND-1:0] held[0:PLACES-1];
    logic [PlaceBits-1:0] below;
    // The bounds of the nodes that turn right once more; a node that turns most often has only leaves there.
    assign below = turns + 1'b1;
    always_ff @(posedge clk) if (turns_right && below != '0) held[below] <= {right_lower, right_upper};
    assign {node_lower, node_upper} = (turns == '0) ? {LEAST, MOST} : held[turns];
  end
endmodule
