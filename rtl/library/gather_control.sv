// The order in which vectors are written to memories and read from them by a list of places, the same for each vector.
//
// Ports:      s_valid, s_ready in: the words of vectors; m_valid, m_ready out, for data that leaves the memories a cycle
//             after `read`; write, write_address; read, half: the top bit of the read address, whose others the list
//             gives; fetch, address: of the list, a memory with a registered read that is one word ahead of the steps;
//             clk; rst, synchronous and active high.
// Parameters: WORDS make a vector; STEPS, the length of the list.
// Latency:    a vector can be read 1 cycle after its last word was written; what is read is offered 1 cycle later.
//             Interval: the longer of WORDS and STEPS cycles per vector.
// Pressure:   words enter until two vectors are held; a vector is given up with its last step.
// Reset:      empties it; in the cycle after it the first word of the list is fetched.
module gather_control #(
    parameter int WORDS = 1,
    parameter int STEPS = 1
) (
    input  logic                                        clk,
    input  logic                                        rst,
    input  logic                                        s_valid,
    output logic                                        s_ready,
    output logic                                        m_valid,
    input  logic                                        m_ready,
    output logic                                        write,
    output logic [((WORDS > 1) ? $clog2(WORDS) : 0) : 0] write_address,
    output logic                                        read,
    output logic                                        half,
    output logic                                        fetch,
    output logic [((STEPS > 1) ? $clog2(STEPS) : 1)-1:0] address
);
  localparam int AddressBits = (STEPS > 1) ? $clog2(STEPS) : 1;
  logic [1:0] held;
  logic primed, room, last_word, last_step, vector_comes, vector_goes, write_half;

  assign s_ready = !held[1];
  assign write = s_valid && s_ready;
  assign room = !m_valid || m_ready;
  assign read = primed && held != 2'd0 && room;
  assign fetch = read || !primed;
  // The list is one word ahead: at the last step it is back at its beginning.
  assign last_step = address == '0;
  assign vector_comes = write && last_word;
  assign vector_goes = read && last_step;

  always_ff @(posedge clk) begin
    if (rst) begin
      held       <= 2'd0;
      primed     <= 1'b0;
      m_valid    <= 1'b0;
      half       <= 1'b0;
      write_half <= 1'b0;
      address    <= '0;
    end else begin
      primed <= 1'b1;
      if (room) m_valid <= read;
      if (fetch) address <= (address == AddressBits'(STEPS - 1)) ? '0 : address + 1'b1;
      if (vector_comes) write_half <= !write_half;
      if (vector_goes) half <= !half;
      if (vector_comes != vector_goes) held <= vector_comes ? held + 2'd1 : held - 2'd1;
    end
  end

  if (WORDS == 1) begin : g_one_word
    assign last_word = 1'b1;
    assign write_address = write_half;
  end else begin : g_words
    localparam int WordBits = $clog2(WORDS);
    logic [WordBits-1:0] word;
    assign last_word = word == WordBits'(WORDS - 1);
    assign write_address = {write_half, word};
    always_ff @(posedge clk) begin
      if (rst) word <= '0;
      else if (write) word <= last_word ? '0 : word + 1'b1;
    end
  end
endmodule
