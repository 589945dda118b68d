// Bytes from a serial line: a start bit, eight data bits with the least significant first, a stop bit, no parity.
//
// Ports:      rx, the line, idle high, of any clock; m_data, m_valid out: a byte is there for one cycle, and whoever
//             is not ready then has lost it; clk; rst, synchronous and active high.
// Parameters: CYCLES >= 4 of the clock per bit: clock frequency over baud rate, rounded. The sender may be off by
//             CYCLES / 2 cycles by the end of the byte, about 5 %.
// Latency:    CYCLES / 2 + 9 CYCLES + 3 cycles from the first cycle of the start bit on rx (CYCLES / 2 rounded down):
//             a byte is there once the middle of its stop bit was seen. Interval: 10 bits.
// Errors:     a start bit shorter than half a bit is noise and begins nothing; a byte whose stop bit is low is
//             dropped, and the next may begin once the line was high.
// Reset:      the line is taken to be idle; m_data is not reset.
module uart_receive #(
    parameter int CYCLES = 16
) (
    input  logic       clk,
    input  logic       rst,
    input  logic       rx,
    output logic [7:0] m_data,
    output logic       m_valid
);
  localparam int TimerBits = $clog2(CYCLES);
  localparam logic [TimerBits-1:0] Bit = TimerBits'(CYCLES - 1);
  localparam logic [TimerBits-1:0] HalfBit = TimerBits'(CYCLES / 2 - 1);

  logic early, line, broken, sample;
  logic [TimerBits-1:0] timer;
  logic [3:0] left;  // bits still to come, with start and stop bit; 0 is idle

  assign sample = timer == '0;

  always_ff @(posedge clk) begin
    if (left > 4'd1 && sample) m_data <= {line, m_data[7:1]};
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      {line, early} <= '1;
      broken <= 1'b0;
      left <= '0;
      timer <= '0;
      m_valid <= 1'b0;
    end else begin
      {line, early} <= {early, rx};
      broken <= line ? 1'b0 : broken || (left == 4'd1 && sample);
      m_valid <= left == 4'd1 && sample && line;
      if (left == '0) begin
        timer <= HalfBit;
        if (!line && !broken) left <= 4'd10;
      end else if (!sample) begin
        timer <= timer - 1'b1;
      end else begin
        timer <= Bit;
        left  <= (left == 4'd10 && line) ? '0 : left - 1'b1;
      end
    end
  end
endmodule
