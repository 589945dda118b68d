// A number moved towards zero, perhaps beyond it: a step of a division that restores nothing.
//
// Ports:      x, two's complement; a, unsigned; y = x - 2^SHIFT a where x is 0 or more, else x + 2^SHIFT a, modulo 2^Y;
//             combinational.
// Parameters: X, A, Y bits of the ports; SHIFT < Y.
// One carry chain above the lowest SHIFT bits, which stay: the sign of x complements a and is the carry in.
module towards_zero #(
    parameter int X     = 8,
    parameter int A     = 4,
    parameter int Y     = 8,
    parameter int SHIFT = 0
) (
    input  logic [X-1:0] x,
    input  logic [A-1:0] a,
    output logic [Y-1:0] y
);
  localparam int Upper = Y - SHIFT;
  logic [Y-1:0] wide;
  logic minus, unused;
  assign wide = Y'($signed(x));
  assign minus = ~x[X-1];
  assign {y[Y-1:SHIFT], unused} = {wide[Y-1:SHIFT], 1'b1} + {Upper'(a) ^ {Upper{minus}}, minus};
  if (SHIFT > 0) begin : g_low
    assign y[SHIFT-1:0] = wide[SHIFT-1:0];
  end
endmodule
