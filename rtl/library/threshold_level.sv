// One level of a binary search over thresholds: fetch the threshold that the bits found so far point to.
//
// Ports:      s_x, s_found in, m_x, m_found out with s_/m_ valid, ready; address and advance for memories with a
//             registered read, one per lane, whose words then belong to m_x; clk; rst, synchronous, active high.
// Parameters: LANES; WIDTH of x over all lanes; LEVELS, the bits of the result; FOUND, how many are known here (from
//             the top); FOLDS tokens after which the channels start again; ADDRESS bits of a memory's address.
// Latency:    1 cycle. Interval: 1 cycle.
// Pressure:   as stream_register.
// Reset:      empties it; data registers are not reset.
module threshold_level #(
    parameter int LANES   = 1,
    parameter int WIDTH   = 1,
    parameter int LEVELS  = 1,
    parameter int FOUND   = 0,
    parameter int FOLDS   = 1,
    parameter int ADDRESS = 1
) (
    input  logic                           clk,
    input  logic                           rst,
    input  logic [  WIDTH-1:0]             s_x,
    input  logic [  LANES-1:0][LEVELS-1:0] s_found,
    input  logic                           s_valid,
    output logic                           s_ready,
    output logic [  LANES-1:0][ADDRESS-1:0] address,
    output logic                           advance,
    output logic [  WIDTH-1:0]             m_x,
    output logic [  LANES-1:0][LEVELS-1:0] m_found,
    output logic                           m_valid,
    input  logic                           m_ready
);
  localparam int FoldBits = (FOLDS > 1) ? $clog2(FOLDS) : 1;
  logic [FoldBits-1:0] fold;

  assign s_ready = !m_valid || m_ready;
  assign advance = s_valid && s_ready;

  for (genvar i = 0; i < LANES; i++) begin : g_lane
    if (FOUND == 0) begin : g_first
      assign address[i] = ADDRESS'(fold);
    end else begin : g_later
      assign address[i] = (ADDRESS'(fold) << FOUND) | ADDRESS'(s_found[i] >> (LEVELS - FOUND));
    end
  end

  always_ff @(posedge clk) begin
    if (advance) begin
      m_x <= s_x;
      m_found <= s_found;
    end
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      m_valid <= 1'b0;
      fold <= '0;
    end else begin
      if (s_ready) m_valid <= s_valid;
      if (advance) fold <= (fold == FoldBits'(FOLDS - 1)) ? '0 : fold + 1'b1;
    end
  end
endmodule
