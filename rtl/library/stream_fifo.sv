// A queue of DEPTH words in LUT memory.
//
// Ports:      s_* in, m_* out: data, valid, ready; clk; rst, synchronous and active high.
// Parameters: WIDTH of the data; DEPTH >= 1, any number, exactly the words it holds.
// Latency:    1 cycle through an empty queue. Interval: 1 cycle (2 cycles if DEPTH is 1).
// Pressure:   s_ready and m_valid come from a registered count alone: a full queue takes a word in the cycle
//             after one left. m_data is read from the memory without a register.
// Reset:      empties it; the memory is not reset.
module stream_fifo #(
    parameter int WIDTH = 1,
    parameter int DEPTH = 2
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
  localparam int AddressBits = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  localparam int CountBits = $clog2(DEPTH + 1);
  localparam logic [AddressBits-1:0] Last = AddressBits'(DEPTH - 1);

  (* ram_style = "distributed" *) logic [WIDTH-1:0] words[0:DEPTH-1];
  logic [AddressBits-1:0] head, tail;
  logic [CountBits-1:0] count;
  logic write, read;

  assign s_ready = count != CountBits'(DEPTH);
  assign m_valid = count != '0;
  assign m_data  = words[head];
  assign write   = s_valid && s_ready;
  assign read    = m_valid && m_ready;

  always_ff @(posedge clk) begin
    if (write) words[tail] <= s_data;
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      head  <= '0;
      tail  <= '0;
      count <= '0;
    end else begin
      if (write) tail <= (tail == Last) ? '0 : tail + 1'b1;
      if (read) head <= (head == Last) ? '0 : head + 1'b1;
      if (write != read) count <= write ? count + 1'b1 : count - 1'b1;
    end
  end
endmodule
