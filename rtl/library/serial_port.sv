// A stream in and a stream out over two serial lines: words as bytes, the least significant byte first.
//
// Ports:      rx, tx: the lines, see uart_receive and uart_send; m_*: words that came in; s_*: words that go out;
//             clk; rst, synchronous and active high.
// Parameters: CYCLES >= 4 of the clock per bit; IN_WIDTH of m_data and OUT_WIDTH of s_data, multiples of 8; DEPTH >= 1
//             bytes that may wait for m_ready.
// Latency:    that of uart_receive, then 1 cycle, and 1 more for words of several bytes; that of uart_send, and 1 more
//             for words of several bytes. Interval: IN_WIDTH / 8 bytes on the line; OUT_WIDTH / 8 bytes on the line.
// Pressure:   a byte that comes in while DEPTH bytes wait is lost: the line cannot be stopped.
// Reset:      empties it; what has come in of a word is forgotten.
module serial_port #(
    parameter int CYCLES = 16,
    parameter int IN_WIDTH = 8,
    parameter int OUT_WIDTH = 8,
    parameter int DEPTH = 4
) (
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 rx,
    output logic                 tx,
    output logic [IN_WIDTH-1:0]  m_data,
    output logic                 m_valid,
    input  logic                 m_ready,
    input  logic [OUT_WIDTH-1:0] s_data,
    input  logic                 s_valid,
    output logic                 s_ready
);
  logic [7:0] in_data, queue_data, out_data;
  logic in_valid, in_ready, queue_valid, queue_ready, out_valid, out_ready;
  logic unused;
  assign unused = in_ready;

  uart_receive #(
      .CYCLES(CYCLES)
  ) u_receive (
      .clk(clk), .rst(rst), .rx(rx), .m_data(in_data), .m_valid(in_valid)
  );
  stream_fifo #(
      .WIDTH(8), .DEPTH(DEPTH)
  ) u_queue (
      .clk(clk), .rst(rst), .s_data(in_data), .s_valid(in_valid), .s_ready(in_ready),
      .m_data(queue_data), .m_valid(queue_valid), .m_ready(queue_ready)
  );
  if (IN_WIDTH > 8) begin : g_up
    width_up #(
        .WIDTH(8), .RATIO(IN_WIDTH / 8)
    ) u_up (
        .clk(clk), .rst(rst), .s_data(queue_data), .s_valid(queue_valid), .s_ready(queue_ready),
        .m_data(m_data), .m_valid(m_valid), .m_ready(m_ready)
    );
  end else begin : g_same
    assign m_data = queue_data;
    assign m_valid = queue_valid;
    assign queue_ready = m_ready;
  end
  if (OUT_WIDTH > 8) begin : g_down
    width_down #(
        .WIDTH(8), .RATIO(OUT_WIDTH / 8)
    ) u_down (
        .clk(clk), .rst(rst), .s_data(s_data), .s_valid(s_valid), .s_ready(s_ready),
        .m_data(out_data), .m_valid(out_valid), .m_ready(out_ready)
    );
  end else begin : g_as_it_is
    assign out_data = s_data;
    assign out_valid = s_valid;
    assign s_ready = out_ready;
  end
  uart_send #(
      .CYCLES(CYCLES)
  ) u_send (
      .clk(clk), .rst(rst), .s_data(out_data), .s_valid(out_valid), .s_ready(out_ready), .tx(tx)
  );
endmodule
