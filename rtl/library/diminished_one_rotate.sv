// A diminished-1 number modulo 2^BITS + 1 times a power of two: a rotation that complements the bits that go round.
//
// Ports:      x in, y out: the zero flag above BITS bits, which are 0 where the flag is set; combinational.
// Parameters: BITS; PLACES < 2 BITS, the exponent: BITS of them negate.
// Each bit of y is a function of one bit of x and of the flag, so it is absorbed by the table of an adder behind it.
module diminished_one_rotate #(
    parameter int BITS   = 8,
    parameter int PLACES = 0
) (
    input  logic [BITS:0] x,
    output logic [BITS:0] y
);
  localparam int Turned = (PLACES >= BITS) ? 1 : 0;
  localparam int Shift = (PLACES >= BITS) ? PLACES - BITS : PLACES;
  assign y[BITS] = x[BITS];
  for (genvar i = 0; i < BITS; i++) begin : g_bit
    localparam int Round = (i < Shift) ? 1 : 0;
    localparam int From = (i < Shift) ? i + BITS - Shift : i - Shift;
    if (Round != Turned) begin : g_complemented
      assign y[i] = ~(x[From] | x[BITS]);
    end else begin : g_kept
      assign y[i] = x[From];
    end
  end
endmodule
