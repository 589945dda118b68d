// A diminished-1 number modulo 2^BITS + 1 times a power of two that is chosen: rotations by STEP times k places.
//
// Ports:      x in, y out: the zero flag above BITS bits, which are 0 where the flag is set; k in, K bits;
//             combinational.
// Parameters: BITS; STEP < 2 BITS; K >= 1.
// A choice for each bit of k; the bits that a rotation complements are cleared for zero once, behind all of them.
module diminished_one_turn #(
    parameter int BITS = 8,
    parameter int STEP = 1,
    parameter int K    = 1
) (
    input  logic [BITS:0] x,
    input  logic [ K-1:0] k,
    output logic [BITS:0] y
);
  logic [K:0][BITS-1:0] turned;
  assign turned[0] = x[BITS-1:0];
  for (genvar i = 0; i < K; i++) begin : g_choice
    localparam int Places = (STEP << i) % (BITS << 1);
    localparam int Turned = (Places >= BITS) ? 1 : 0;
    localparam int Shift = (Places >= BITS) ? Places - BITS : Places;
    for (genvar j = 0; j < BITS; j++) begin : g_bit
      localparam int Round = (j < Shift) ? 1 : 0;
      localparam int From = (j < Shift) ? j + BITS - Shift : j - Shift;
      assign turned[i+1][j] = k[i] ? turned[i][From] ^ (Round != Turned) : turned[i][j];
    end
  end
  assign y = {x[BITS], turned[K] & {BITS{~x[BITS]}}};
endmodule
