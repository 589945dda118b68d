// Bytes to a serial line: a start bit, eight data bits with the least significant first, a stop bit, no parity.
//
// Ports:      s_* in: data, valid, ready; tx, the line, idle high, from a register; clk; rst, synchronous and active
//             high.
// Parameters: CYCLES >= 2 of the clock per bit: clock frequency over baud rate, rounded.
// Latency:    1 cycle to the start bit. Interval: 10 CYCLES + 1 cycles.
// Pressure:   s_ready is high while the line is idle.
// Reset:      the line is idle; a byte that is under way is cut off.
module uart_send #(
    parameter int CYCLES = 16
) (
    input  logic       clk,
    input  logic       rst,
    input  logic [7:0] s_data,
    input  logic       s_valid,
    output logic       s_ready,
    output logic       tx
);
  localparam int TimerBits = $clog2(CYCLES);
  localparam logic [TimerBits-1:0] Bit = TimerBits'(CYCLES - 1);

  logic [8:0] rest;  // bits to come, the next one lowest
  logic [3:0] left;  // bits that are not over, with the one on the line; 0 is idle
  logic [TimerBits-1:0] timer;

  assign s_ready = left == '0;

  always_ff @(posedge clk) begin
    if (rst) begin
      tx <= 1'b1;
      rest <= '1;
      left <= '0;
      timer <= '0;
    end else if (s_ready) begin
      timer <= Bit;
      if (s_valid) begin
        {rest, tx} <= {1'b1, s_data, 1'b0};
        left <= 4'd10;
      end
    end else if (timer != '0) begin
      timer <= timer - 1'b1;
    end else begin
      timer <= Bit;
      {rest, tx} <= {1'b1, rest};
      left <= left - 1'b1;
    end
  end
endmodule
