// Wait until every one of INPUTS streams offers a word: the handshake alone, the words pass beside it.
//
// Ports:      s_valid, s_ready, one bit per input; m_valid, m_ready; combinational.
// Parameters: INPUTS >= 1.
// Pressure:   an input is ready only in the cycle in which all are valid and the output is ready.
module stream_join #(
    parameter int INPUTS = 2
) (
    input  logic [INPUTS-1:0] s_valid,
    output logic [INPUTS-1:0] s_ready,
    output logic              m_valid,
    input  logic              m_ready
);
  assign m_valid = &s_valid;
  assign s_ready = {INPUTS{m_valid && m_ready}};
endmodule
