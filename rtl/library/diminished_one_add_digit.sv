// a + d x of diminished-1 numbers modulo 2^BITS + 1, for a digit d of -2, -1, 0, 1, 2 in two's complement.
//
// Ports:      a, x in, y out: the zero flag above BITS bits, which are 0 where the flag is set; d in; combinational.
// Parameters: BITS.
// What makes d x is in the tables of the sum.
module diminished_one_add_digit #(
    parameter int BITS = 8
) (
    input  logic [BITS:0] a,
    input  logic [BITS:0] x,
    input  logic [   2:0] d,
    output logic [BITS:0] y
);
  logic [BITS:0] multiple;
  diminished_one_digit #(.BITS(BITS)) u_digit (.x(x), .d(d), .y(multiple));
  diminished_one_sum #(.BITS(BITS)) u_sum (.a(a), .b(multiple[BITS-1:0]), .b_is_zero(multiple[BITS]), .y(y));
endmodule
