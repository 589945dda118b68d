// Take runs of words from one input after the other, for ever.
//
// Ports:      s_* in, input i in bits i of s_valid and s_ready, word i of s_data; m_* out; clk;
//             rst, synchronous and active high.
// Parameters: INPUTS >= 2; WIDTH of a word; BITS of a count.
// Constants:  runs, how many words to take from each input in turn, at least one.
// Latency:    1 cycle. Interval: 1 cycle.
// Pressure:   only the input whose turn it is is ever ready.
// Reset:      input 0 starts; the data register is not reset.
module concat_streams #(
    parameter int INPUTS = 2,
    parameter int WIDTH = 1,
    parameter int BITS = 1
) (
    input  logic                         clk,
    input  logic                         rst,
    input  logic [INPUTS-1:0][ BITS-1:0] runs,
    input  logic [INPUTS-1:0][WIDTH-1:0] s_data,
    input  logic [INPUTS-1:0]            s_valid,
    output logic [INPUTS-1:0]            s_ready,
    output logic [ WIDTH-1:0]            m_data,
    output logic                         m_valid,
    input  logic                         m_ready
);
  localparam int TurnBits = $clog2(INPUTS);
  logic [TurnBits-1:0] turn;
  logic [BITS-1:0] count;
  logic [BITS-1:0] run;
  logic [WIDTH-1:0] word;
  logic room, fire, last;

  // The input whose turn it is, by comparing: an index that is not constant would be multiplied by the width.
  always_comb begin
    run  = '0;
    word = '0;
    for (int i = 0; i < INPUTS; i++) begin
      if (turn == TurnBits'(i)) begin
        run  = runs[i];
        word = s_data[i];
      end
    end
  end

  assign room = !m_valid || m_ready;
  assign fire = room && s_valid[turn];
  assign last = count == run - 1'b1;
  for (genvar i = 0; i < INPUTS; i++) begin : g_ready
    assign s_ready[i] = room && turn == TurnBits'(i);
  end

  always_ff @(posedge clk) begin
    if (fire) m_data <= word;
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      turn    <= '0;
      count   <= '0;
      m_valid <= 1'b0;
    end else begin
      if (room) m_valid <= fire;
      if (fire) count <= last ? '0 : count + 1'b1;
      if (fire && last) turn <= (turn == TurnBits'(INPUTS - 1)) ? '0 : turn + 1'b1;
    end
  end
endmodule
