// The indices of the K largest of COUNT words, largest first; among equals the earlier word comes first.
//
// Ports:      s_* in: one word a token; m_* out: K indices, the largest's lowest; clk; rst, synchronous, active high.
// Parameters: K >= 1; COUNT >= K words; WIDTH of a word, in two's complement if SIGNED; INDEX bits of an index.
// Latency:    1 cycle after the last word. Interval: COUNT cycles.
// Pressure:   only the last word waits for room in the output register.
// Reset:      starts a list; data registers are not reset.
module top_k_list #(
    parameter int K = 1,
    parameter int COUNT = 1,
    parameter int WIDTH = 1,
    parameter int SIGNED = 0,
    parameter int INDEX = 1
) (
    input  logic                    clk,
    input  logic                    rst,
    input  logic [WIDTH-1:0]        s_data,
    input  logic                    s_valid,
    output logic                    s_ready,
    output logic [    K-1:0][INDEX-1:0] m_data,
    output logic                    m_valid,
    input  logic                    m_ready
);
  // Turning the sign bit over makes the order of two's complement that of plain binary.
  localparam logic [WIDTH-1:0] Bias = (SIGNED != 0) ? WIDTH'(1) << (WIDTH - 1) : '0;
  logic [WIDTH-1:0] word;
  logic [INDEX-1:0] position;
  logic [K-1:0] filled, filled_next, behind;
  logic [K-1:0][WIDTH-1:0] value, value_next;
  logic [K-1:0][INDEX-1:0] index, index_next;
  logic last, room, fire;

  assign word = s_data ^ Bias;
  assign last = position == INDEX'(COUNT - 1);
  assign room = !m_valid || m_ready;
  assign s_ready = !last || room;
  assign fire = s_valid && s_ready;

  for (genvar i = 0; i < K; i++) begin : g_entry
    assign behind[i] = !filled[i] || word > value[i];
    if (i == 0) begin : g_head
      assign value_next[i]  = behind[i] ? word : value[i];
      assign index_next[i]  = behind[i] ? position : index[i];
      assign filled_next[i] = 1'b1;
    end else begin : g_rest
      assign value_next[i]  = !behind[i] ? value[i] : behind[i-1] ? value[i-1] : word;
      assign index_next[i]  = !behind[i] ? index[i] : behind[i-1] ? index[i-1] : position;
      assign filled_next[i] = filled[i] || filled[i-1];
    end
  end

  always_ff @(posedge clk) begin
    if (fire) begin
      value <= value_next;
      index <= index_next;
    end
    if (fire && last) m_data <= index_next;
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      position <= '0;
      filled   <= '0;
      m_valid  <= 1'b0;
    end else begin
      if (fire) begin
        position <= last ? '0 : position + 1'b1;
        filled   <= last ? '0 : filled_next;
      end
      if (room) m_valid <= fire && last;
    end
  end
endmodule
