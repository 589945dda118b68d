// Any function of a few bits.
//
// Ports:      x in; y out: bit x of the table; combinational.
// Parameters: INPUTS >= 1; TABLE.
module heap_table #(
    parameter int INPUTS = 1,
    parameter logic [(1<<INPUTS)-1:0] TABLE = 0
) (
    input  logic [INPUTS-1:0] x,
    output logic y
);
  assign y = TABLE[x];
endmodule
