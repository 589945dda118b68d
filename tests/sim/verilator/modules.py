"""Small modules that the tests of the harness drive: their behaviour is plain to see."""

REGISTER = """
module slice #(parameter int BITS = 70) (
    input logic clk, input logic rst,
    input logic [BITS-1:0] s_data, input logic s_valid, output logic s_ready,
    output logic [BITS-1:0] m_data, output logic m_valid, input logic m_ready
);
    assign s_ready = !m_valid || m_ready;
    always_ff @(posedge clk) begin
        if (rst) m_valid <= 1'b0;
        else if (s_ready) m_valid <= s_valid;
        if (s_ready) m_data <= s_data;
    end
endmodule
"""

ADD = """
module add (
    input logic clk, input logic rst,
    input logic [7:0] s0_tdata, input logic s0_tvalid, output logic s0_tready,
    input logic [7:0] s1_tdata, input logic s1_tvalid, output logic s1_tready,
    output logic [8:0] m_tdata, output logic m_tvalid, input logic m_tready
);
    wire fire = s0_tvalid && s1_tvalid && (!m_tvalid || m_tready);
    assign s0_tready = fire;
    assign s1_tready = fire;
    always_ff @(posedge clk) begin
        if (rst) m_tvalid <= 1'b0;
        else if (fire) m_tvalid <= 1'b1;
        else if (m_tready) m_tvalid <= 1'b0;
        if (fire) m_tdata <= {1'b0, s0_tdata} + {1'b0, s1_tdata};
    end
endmodule
"""

TABLE = """
module lookup (
    input logic clk, input logic rst,
    input logic [1:0] s_data, input logic s_valid, output logic s_ready,
    output logic [39:0] m_data, output logic m_valid, input logic m_ready
);
    reg [39:0] rom [0:3];
    initial $readmemh("table.hex", rom);
    assign s_ready = !m_valid || m_ready;
    always_ff @(posedge clk) begin
        if (rst) m_valid <= 1'b0;
        else if (s_ready) m_valid <= s_valid;
        if (s_ready) m_data <= rom[s_data];
    end
endmodule
"""

UNSET = """
module unset (
    input logic clk, input logic rst,
    input logic s_data, input logic s_valid, output logic s_ready,
    output logic [63:0] m_data, output logic m_valid, input logic m_ready
);
    reg [63:0] never;
    assign s_ready = m_ready;
    assign m_valid = s_valid;
    assign m_data = never;
    always_ff @(posedge clk) if (!rst && s_data) never <= '0;
endmodule
"""
