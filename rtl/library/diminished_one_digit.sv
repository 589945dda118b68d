// A diminished-1 number modulo 2^BITS + 1 times a digit d of 0, 1, 2, -1, which is 3 as d is stored.
//
// Ports:      x in, y out: the zero flag above BITS bits, which are 0 where the flag is set; d in; combinational.
// Parameters: BITS.
// A bit of y is one of two neighbours of x, perhaps complemented: with a bit to add it is a table of six inputs.
module diminished_one_digit #(
    parameter int BITS = 8
) (
    input  logic [BITS:0] x,
    input  logic [   1:0] d,
    output logic [BITS:0] y
);
  logic is_zero;
  logic [BITS-1:0] doubled, multiple;
  assign is_zero = x[BITS] | (d == 2'd0);
  assign doubled = {x[BITS-2:0], ~x[BITS-1]};
  assign multiple = (d == 2'd2) ? doubled : x[BITS-1:0] ^ {BITS{d[1]}};
  assign y = {is_zero, multiple & {BITS{~is_zero}}};
endmodule
