// A value on top of a stack, which meets elements as they come and values from below, as a program says.
//
// Ports:      s_* in, m_* out: data, valid, ready; takes, pushes, emits, place: what the present step does, from a
//             program memory with a registered read at `address`, in cycles in which `fetch` is 1; a, b out: the two
//             values that meet, `chosen` in: the one that stays; clk; rst, synchronous and active high.
// Parameters: WIDTH of a value; PLACES below the top; STEPS of the program, which then starts again.
// Latency:    1 cycle after a step that emits. Interval: 1 cycle per step.
// Pressure:   a step that takes waits for an element, one that emits for room in the output register.
// Reset:      fetches the first step and empties the output; values are not reset.
module tree_stack_unit #(
    parameter int WIDTH  = 1,
    parameter int PLACES = 1,
    parameter int STEPS  = 2
) (
    input  logic                                         clk,
    input  logic                                         rst,
    input  logic                                         takes,
    input  logic                                         pushes,
    input  logic                                         emits,
    input  logic [((PLACES > 1) ? $clog2(PLACES) : 1)-1:0] place,
    input  logic [                            WIDTH-1:0] s_data,
    input  logic                                         s_valid,
    output logic                                         s_ready,
    output logic                                         fetch,
    output logic [                    $clog2(STEPS)-1:0] address,
    output logic [                            WIDTH-1:0] a,
    output logic [                            WIDTH-1:0] b,
    input  logic [                            WIDTH-1:0] chosen,
    output logic [                            WIDTH-1:0] m_data,
    output logic                                         m_valid,
    input  logic                                         m_ready
);
  localparam int AddressBits = $clog2(STEPS);
  logic [AddressBits-1:0] next;
  logic [WIDTH-1:0] top, result, below;
  logic room, fire;

  assign room = !m_valid || m_ready;
  assign s_ready = takes && (!emits || room);
  assign fire = (!takes || s_valid) && (!emits || room);
  assign fetch = rst || fire;
  assign address = rst ? '0 : next;
  assign a = takes ? top : below;
  assign b = takes ? s_data : top;
  assign result = pushes ? s_data : chosen;

  always_ff @(posedge clk) begin
    if (rst) next <= AddressBits'(1);
    else if (fire) next <= (next == AddressBits'(STEPS - 1)) ? '0 : next + 1'b1;
  end
  always_ff @(posedge clk) begin
    if (rst) m_valid <= 1'b0;
    else if (room) m_valid <= fire && emits;
  end
  always_ff @(posedge clk) begin
    if (fire) top <= result;
    if (fire && emits) m_data <= result;
  end

  if (PLACES == 1) begin : g_one_place
    logic unused_place;
    assign unused_place = ^place;
    logic [WIDTH-1:0] held;
    always_ff @(posedge clk) if (fire && pushes) held <= top;
    assign below = held;
  end else begin : g_places
    (* ram_style = "distributed" *) logic [WIDTH-1:0] held[0:PLACES-1];
    always_ff @(posedge clk) if (fire && pushes) held[place] <= top;
    assign below = held[place];
  end
endmodule
