// The memory of lanes that are shifted alike: reads at its own distance from the word that leaves.
//
// Ports:      write, write_address, write_data; read, address, row, column from shift_control; address_offset,
//             row_offset, column_offset: how far away the word is; data, or padding where it lies outside the map; clk.
// Parameters: WIDTH of the lanes; ADDRESS, PLACE as in shift_control; STYLE of the memory (see window_memory);
//             ROWS, COLUMNS of the map.
// Latency:    1 cycle; data and padding stay until the next read.
// Reset:      none.
module shift_bank #(
    parameter int WIDTH = 1,
    parameter int ADDRESS = 1,
    parameter int PLACE = 2,
    parameter int STYLE = 0,
    parameter int ROWS = 1,
    parameter int COLUMNS = 1
) (
    input  logic             clk,
    input  logic             write,
    input  logic [ADDRESS-1:0] write_address,
    input  logic [WIDTH-1:0] write_data,
    input  logic             read,
    input  logic [ADDRESS-1:0] address,
    input  logic [PLACE-1:0] row,
    input  logic [PLACE-1:0] column,
    input  logic [ADDRESS-1:0] address_offset,
    input  logic [PLACE-1:0] row_offset,
    input  logic [PLACE-1:0] column_offset,
    output logic [WIDTH-1:0] data,
    output logic             padding
);
  logic [PLACE-1:0] shifted_row, shifted_column;
  logic [ADDRESS-1:0] read_address;

  // As unsigned numbers, rows and columns before the map are beyond it too.
  assign shifted_row = row + row_offset;
  assign shifted_column = column + column_offset;
  assign read_address = address + address_offset;

  window_memory #(
      .WIDTH(WIDTH),
      .ADDRESS(ADDRESS),
      .STYLE(STYLE)
  ) u_memory (
      .clk(clk),
      .write(write),
      .write_address(write_address),
      .write_data(write_data),
      .read(read),
      .read_address(read_address),
      .read_data(data)
  );

  always_ff @(posedge clk) begin
    if (read) padding <= shifted_row >= PLACE'(ROWS) || shifted_column >= PLACE'(COLUMNS);
  end
endmodule
