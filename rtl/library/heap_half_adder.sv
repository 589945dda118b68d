// Sum of two bits, as two bits.
//
// Ports:      x in, y out, combinational.
// Parameters: none.
module heap_half_adder (
    input  logic [1:0] x,
    output logic [1:0] y
);
  assign y = {x[0] & x[1], x[0] ^ x[1]};
endmodule
