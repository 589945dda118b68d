// The diminished-1 number modulo 2^BITS + 1 of a binary number: one less if it is positive, its own bits if negative.
//
// Ports:      x in; y out: the zero flag above BITS bits, which are 0 where the flag is set; combinational.
// Parameters: WIDTH of x; SIGNED: x is in two's complement; BITS, at least WIDTH.
module diminished_one_encode #(
    parameter int WIDTH  = 8,
    parameter int SIGNED = 0,
    parameter int BITS   = 8
) (
    input  logic [WIDTH-1:0] x,
    output logic [ BITS:0] y
);
  logic is_zero, is_positive;
  logic [BITS-1:0] wide;
  assign is_zero = x == '0;
  assign is_positive = (SIGNED == 0 || !x[WIDTH-1]) && !is_zero;
  if (SIGNED != 0) begin : g_signed
    assign wide = BITS'($signed(x));
  end else begin : g_unsigned
    assign wide = BITS'(x);
  end
  assign y = {is_zero, wide - BITS'(is_positive)};
endmodule
