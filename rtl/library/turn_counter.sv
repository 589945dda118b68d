// The number of a butterfly within its block: 0, ..., COUNT - 1, each for INNER words, over and over.
//
// Ports:      advance: a word passes; k: the number that belongs to the present word; clk; rst, synchronous and active
//             high.
// Parameters: INNER >= 1; COUNT = 2^K, K >= 1.
// Latency:    k belongs to the present word. Interval: 1 cycle.
// Reset:      the first word of a block.
module turn_counter #(
    parameter int INNER = 1,
    parameter int K     = 1
) (
    input  logic         clk,
    input  logic         rst,
    input  logic         advance,
    output logic [K-1:0] k
);
  logic last;
  run_counter #(.LENGTH(INNER)) u_inner (.clk(clk), .rst(rst), .advance(advance), .last(last));
  always_ff @(posedge clk) begin
    if (rst) k <= '0;
    else if (advance && last) k <= k + 1'b1;
  end
endmodule
