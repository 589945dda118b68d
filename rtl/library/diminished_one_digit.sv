// d x of a diminished-1 number modulo 2^BITS + 1, for a digit d of -2, -1, 0, 1, 2 in two's complement.
//
// Ports:      x in, y out: the zero flag above BITS bits, which are 0 where the flag is set; d in; combinational.
// Parameters: BITS.
// A bit of d x is one of two neighbours of x, perhaps complemented: with a bit to add it is a table of six inputs.
module diminished_one_digit #(
    parameter int BITS = 8
) (
    input  logic [BITS:0] x,
    input  logic [   2:0] d,
    output logic [BITS:0] y
);
  logic is_zero, twice;
  logic [BITS-1:0] doubled;
  assign is_zero = x[BITS] | (d[1:0] == 2'b00);
  assign twice = d[1] & ~d[0];
  assign doubled = {x[BITS-2:0], ~x[BITS-1]};
  assign y = {is_zero, ((twice ? doubled : x[BITS-1:0]) ^ {BITS{d[2]}}) & {BITS{~is_zero}}};
endmodule
