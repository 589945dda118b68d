// Count the words of runs of LENGTH words.
//
// Ports:      advance: a word passes; last: the present word ends a run; clk; rst, synchronous and active high.
// Parameters: LENGTH >= 1.
// Latency:    last belongs to the present word. Interval: 1 cycle.
// Reset:      the first word of a run.
module run_counter #(
    parameter int LENGTH = 1
) (
    input  logic clk,
    input  logic rst,
    input  logic advance,
    output logic last
);
  localparam int Bits = (LENGTH > 1) ? $clog2(LENGTH) : 1;
  logic [Bits-1:0] count;
  assign last = count == Bits'(LENGTH - 1);
  always_ff @(posedge clk) begin
    if (rst) count <= '0;
    else if (advance) count <= last ? '0 : count + 1'b1;
  end
endmodule
