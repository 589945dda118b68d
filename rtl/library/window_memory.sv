// A memory with one write port and one registered read port.
//
// Ports:      write, write_address, write_data; read (enable), read_address; read_data; clk.
// Parameters: WIDTH of a word; ADDRESS bits (2^ADDRESS words); STYLE: 0 the tool's choice, 1 LUTs, 2 block memory.
// Latency:    1 cycle; read_data stays until the next read. What a read sees of a word written in the same cycle is
//             undefined, which spares targets whose memories cannot do both: nobody may use it.
// Reset:      none.
module window_memory #(
    parameter int WIDTH   = 1,
    parameter int ADDRESS = 1,
    parameter int STYLE   = 0
) (
    input  logic               clk,
    input  logic               write,
    input  logic [ADDRESS-1:0] write_address,
    input  logic [  WIDTH-1:0] write_data,
    input  logic               read,
    input  logic [ADDRESS-1:0] read_address,
    output logic [  WIDTH-1:0] read_data
);
  localparam int Depth = 1 << ADDRESS;
  if (STYLE == 1) begin : g_distributed
    (* ram_style = "distributed", no_rw_check *) logic [WIDTH-1:0] words[0:Depth-1];
    always_ff @(posedge clk) begin
      if (write) words[write_address] <= write_data;
      if (read) read_data <= words[read_address];
    end
  end else if (STYLE == 2) begin : g_block
    (* ram_style = "block", no_rw_check *) logic [WIDTH-1:0] words[0:Depth-1];
    always_ff @(posedge clk) begin
      if (write) words[write_address] <= write_data;
      if (read) read_data <= words[read_address];
    end
  end else begin : g_auto
    (* no_rw_check *) logic [WIDTH-1:0] words[0:Depth-1];
    always_ff @(posedge clk) begin
      if (write) words[write_address] <= write_data;
      if (read) read_data <= words[read_address];
    end
  end
endmodule
