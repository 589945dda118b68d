// Read each vector once and replay it for every output fold, with the address of the weights that meet it.
//
// Ports:      s_* in; m_* out, with m_last on the last word of a vector; address and advance for a weight memory
//             with a registered read, whose word then belongs to m_data; allow: steps are made only while it is 1;
//             clk; rst, synchronous and active high.
// Parameters: WIDTH of a word; FOLD words make a vector; REPEAT times each vector leaves; STEPS words after which
//             the address starts again at 0: a multiple of FOLD * REPEAT.
// Latency:    1 cycle. Interval: FOLD * REPEAT cycles per vector.
// Pressure:   words enter only during the first pass over their vector, each in the cycle of its first step.
// Reset:      empties it; the replay memory and the data register are not reset.
module vector_fetch #(
    parameter int WIDTH  = 1,
    parameter int FOLD   = 1,
    parameter int REPEAT = 1,
    parameter int STEPS  = 1
) (
    input  logic                                       clk,
    input  logic                                       rst,
    input  logic [                          WIDTH-1:0] s_data,
    input  logic                                       s_valid,
    output logic                                       s_ready,
    input  logic                                       allow,
    output logic [((STEPS > 1) ? $clog2(STEPS) : 1)-1:0] address,
    output logic                                       advance,
    output logic [                          WIDTH-1:0] m_data,
    output logic                                       m_last,
    output logic                                       m_valid,
    input  logic                                       m_ready
);
  localparam int AddressBits = (STEPS > 1) ? $clog2(STEPS) : 1;
  logic fresh, last, room;
  logic [WIDTH-1:0] word;

  assign room = !m_valid || m_ready;
  assign s_ready = fresh && room && allow;
  assign advance = room && allow && (!fresh || s_valid);

  always_ff @(posedge clk) begin
    if (advance) begin
      m_data <= word;
      m_last <= last;
    end
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      m_valid <= 1'b0;
      address <= '0;
    end else begin
      if (room) m_valid <= advance;
      if (advance) address <= (address == AddressBits'(STEPS - 1)) ? '0 : address + 1'b1;
    end
  end

  if (FOLD == 1) begin : g_one_word
    assign last = 1'b1;
    if (REPEAT == 1) begin : g_once
      assign word = s_data;
    end else begin : g_again
      logic [WIDTH-1:0] held;
      always_ff @(posedge clk) if (advance && fresh) held <= s_data;
      assign word = fresh ? s_data : held;
    end
  end else begin : g_words
    localparam int FoldBits = $clog2(FOLD);
    logic [FoldBits-1:0] index;
    assign last = index == FoldBits'(FOLD - 1);
    always_ff @(posedge clk) begin
      if (rst) index <= '0;
      else if (advance) index <= last ? '0 : index + 1'b1;
    end
    if (REPEAT == 1) begin : g_once
      assign word = s_data;
    end else begin : g_again
      (* ram_style = "distributed" *) logic [WIDTH-1:0] held[0:FOLD-1];
      always_ff @(posedge clk) if (advance && fresh) held[index] <= s_data;
      assign word = fresh ? s_data : held[index];
    end
  end

  if (REPEAT == 1) begin : g_single_pass
    assign fresh = 1'b1;
  end else begin : g_passes
    localparam int PassBits = $clog2(REPEAT);
    logic [PassBits-1:0] pass;
    assign fresh = pass == '0;
    always_ff @(posedge clk) begin
      if (rst) pass <= '0;
      else if (advance && last) pass <= (pass == PassBits'(REPEAT - 1)) ? '0 : pass + 1'b1;
    end
  end
endmodule
