// The sum of two diminished-1 numbers modulo 2^BITS + 1, the second times a power of two: b * 2^BITS is -b.
//
// Ports:      a, b in, y out: the zero flag above BITS bits, which are 0 where the flag is set; combinational.
// Parameters: BITS; PLACES < 2 BITS, the exponent.
// The complement of the carry of A + B comes back as a carry into the same sum: two chains over the same tables, one for
// the carry and one for the sum. A zero operand has bits of 0, so without the carry the sum is the other operand.
// With MULFREE_XC7 defined the chains are CARRY4, and the tables before them take the rotation too.
module diminished_one_add #(
    parameter int BITS   = 8,
    parameter int PLACES = 0
) (
    input  logic [BITS:0] a,
    input  logic [BITS:0] b,
    output logic [BITS:0] y
);
  logic [BITS:0] turned, total;
  logic any_zero, carry, comes_back, unused_flag;
  diminished_one_rotate #(.BITS(BITS), .PLACES(PLACES)) u_rotate (.x(b), .y(turned));
  assign unused_flag = turned[BITS];
  assign any_zero = a[BITS] | b[BITS];
  assign comes_back = ~(carry | any_zero);
`ifdef MULFREE_XC7
  logic [BITS-1:0] differs, unused;
  assign differs = a[BITS-1:0] ^ turned[BITS-1:0];
  carry_chain #(.WIDTH(BITS)) u_carry (.c(1'b0), .p(differs), .g(a[BITS-1:0]), .y({carry, unused}));
  carry_chain #(.WIDTH(BITS)) u_total (.c(comes_back), .p(differs), .g(a[BITS-1:0]), .y(total));
`else
  logic [BITS:0] once;
  assign once = {1'b0, a[BITS-1:0]} + {1'b0, turned[BITS-1:0]};
  assign carry = once[BITS];
  assign total = {1'b0, once[BITS-1:0]} + {{BITS{1'b0}}, comes_back};
`endif
  assign y[BITS] = (a[BITS] & b[BITS]) | (comes_back & total[BITS]);
  assign y[BITS-1:0] = total[BITS-1:0];
endmodule
