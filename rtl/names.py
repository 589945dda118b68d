"""Names that Verilog accepts."""

from __future__ import annotations

import re

from mulfree.rtl.library import library

_KEYWORDS = (
    "always and assign automatic begin bit buf byte case casex casez cell class const constraint default design "
    "disable do edge else end endcase endfunction endgenerate endmodule endtask enum event export extends final "
    "for force forever fork function generate genvar if import initial inout input int integer interface join "
    "large localparam logic longint macromodule medium module nand negedge new nor not null or output packed "
    "parameter pmos posedge primitive priority program property pull pulldown pullup pure rand real realtime ref "
    "reg release repeat return scalared sequence shortint shortreal signed small specify specparam static string "
    "strong struct super supply0 supply1 table tagged task this time tran tri type typedef union unique unsigned "
    "use var vectored virtual void wait wand weak while wire with wor xnor xor "
    "accept_on alias before bind bins binsof break bufif0 bufif1 chandle checker clocking cmos config context "
    "continue cover covergroup coverpoint cross deassign defparam dist edge endchecker endclass endclocking "
    "endconfig endgroup endinterface endpackage endprimitive endprogram endproperty endsequence endspecify "
    "eventually expect extern first_match foreach forkjoin global highz0 highz1 iff ifnone ignore_bins "
    "illegal_bins implements implies incdir include inside instance interconnect intersect let liblist library "
    "local macromodule matches modport nettype nexttime nmos noshowcancelled notif0 notif1 protected "
    "pulsestyle_ondetect pulsestyle_onevent randc randcase randsequence rcmos reject_on rnmos rpmos rtran rtranif0 "
    "rtranif1 s_always s_eventually s_nexttime s_until s_until_with sequence showcancelled soft solve sync_accept_on "
    "sync_reject_on throughout timeprecision timeunit tran tranif0 tranif1 tri0 tri1 triand trior trireg "
    "unique0 unsigned until until_with untyped uwire wait_order weak0 weak1 wildcard within "
    "clk rst "
)
RESERVED = frozenset(_KEYWORDS.split())


def identifier(name: str) -> str:
    """The name with every other character as an underscore; never empty, a keyword or a module of the library."""
    clean = re.sub(r"_+", "_", re.sub(r"\W", "_", name, flags=re.ASCII)).strip("_")
    if not clean or clean[0].isdigit() or clean in RESERVED or f"{clean}.sv" in library():
        return f"n_{clean}".rstrip("_")
    return clean
