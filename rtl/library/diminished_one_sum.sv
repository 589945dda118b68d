// The sum of two diminished-1 numbers modulo 2^BITS + 1 that are ready to be added: zeros have bits of 0.
//
// Ports:      a in: the zero flag above BITS bits; b, b_is_zero in: bits and flag of the second; y out: the flag above the
//             bits, which are 0 where it is set; combinational.
// Parameters: BITS.
// The complement of the carry of A + B comes back as a carry into the same sum: two chains over the same tables, one for
// the carry and one for the sum. A zero operand has bits of 0, so without the carry the sum is the other operand.
// With MULFREE_XC7 defined the chains are CARRY4; the tables before them take in what makes a bit of b.
module diminished_one_sum #(
    parameter int BITS = 8
) (
    input  logic [  BITS:0] a,
    input  logic [BITS-1:0] b,
    input  logic            b_is_zero,
    output logic [  BITS:0] y
);
  logic [BITS:0] total;
  logic carry, comes_back;
  assign comes_back = ~(carry | a[BITS] | b_is_zero);
`ifdef MULFREE_XC7
  logic [BITS-1:0] differs, unused;
  assign differs = a[BITS-1:0] ^ b;
  carry_chain #(.WIDTH(BITS)) u_carry (.c(1'b0), .p(differs), .g(a[BITS-1:0]), .y({carry, unused}));
  carry_chain #(.WIDTH(BITS)) u_total (.c(comes_back), .p(differs), .g(a[BITS-1:0]), .y(total));
`else
  logic [BITS:0] once;
  assign once = {1'b0, a[BITS-1:0]} + {1'b0, b};
  assign carry = once[BITS];
  assign total = {1'b0, once[BITS-1:0]} + {{BITS{1'b0}}, comes_back};
`endif
  assign y[BITS] = (a[BITS] & b_is_zero) | (comes_back & total[BITS]);
  assign y[BITS-1:0] = total[BITS-1:0];
endmodule
