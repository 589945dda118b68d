// The sum of two diminished-1 numbers modulo 2^BITS + 1, the second times a power of two: b * 2^BITS is -b.
//
// Ports:      a, b in, y out: the zero flag above BITS bits, which are 0 where the flag is set; combinational.
// Parameters: BITS; PLACES < 2 BITS, the exponent.
// The rotation is in the tables of the sum.
module diminished_one_add #(
    parameter int BITS   = 8,
    parameter int PLACES = 0
) (
    input  logic [BITS:0] a,
    input  logic [BITS:0] b,
    output logic [BITS:0] y
);
  logic [BITS:0] turned;
  diminished_one_rotate #(.BITS(BITS), .PLACES(PLACES)) u_rotate (.x(b), .y(turned));
  diminished_one_sum #(.BITS(BITS)) u_sum (.a(a), .b(turned[BITS-1:0]), .b_is_zero(turned[BITS]), .y(y));
endmodule
