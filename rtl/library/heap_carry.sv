// Whether a sum of bits reaches a power of two: the carry at the end of a heap, without the bits below it.
//
// Ports:      x in: two bits of weight 1, then three bits of each of COLUMNS columns, lowest first, then five bits of
//             each of PLACES tables; y out: the carry out, or, if TOP, the last table's bit added to the carry before it;
//             combinational.
// Parameters: COLUMNS >= 0, as heap_ternary's, with LINKS; then PLACES tables of 64 bits in TABLES, the first lowest:
//             with its five bits as an address, the lower half holds whether a table's columns carry by themselves, the
//             upper half whether they hand on a carry from below. TOP = 1 if the last of them gives y.
//             Bit 4 of the first table's five is the second carry of the columns before it, if they have one.
// With MULFREE_XC7 defined it is made of the primitives of AMD 7 series: a LUT6_2 and a quarter of a CARRY4 for each
// column and for each table.
module heap_carry #(
    parameter int COLUMNS = 0,
    parameter logic [255:0] LINKS = 256'h0,
    parameter int PLACES = 1,
    parameter logic [(PLACES<<6)+63:0] TABLES = 0,
    parameter int TOP = 0
) (
    /* verilator lint_off UNUSEDSIGNAL */
    input  logic [(COLUMNS<<1)+COLUMNS+(PLACES<<2)+PLACES+1:0] x,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic y
);
  localparam int Width = COLUMNS + PLACES;
  localparam int First = (COLUMNS << 1) + COLUMNS + 2;
  logic [Width-1:0] p, g;
  /* verilator lint_off UNUSEDSIGNAL */
  logic [COLUMNS:0] second;
  logic [Width:0] total;
  /* verilator lint_on UNUSEDSIGNAL */
  assign second[0] = x[1];
  for (genvar i = 0; i < COLUMNS; i++) begin : g_column
    logic [2:0] a;
    assign a = x[i+i+i+2+:3];
`ifdef MULFREE_XC7
    LUT6_2 #(.INIT(64'h69966996e8e8e8e8)) u_sum (
        .I0(a[0]), .I1(a[1]), .I2(a[2]), .I3(LINKS[i] ? second[i] : 1'b0), .I4(1'b0), .I5(1'b1),
        .O6(p[i]), .O5(second[i+1])
    );
`else
    assign p[i] = a[0] ^ a[1] ^ a[2] ^ (LINKS[i] ? second[i] : 1'b0);
    assign second[i+1] = (a[0] & a[1]) | (a[2] & (a[0] ^ a[1]));
`endif
    assign g[i] = LINKS[i] ? second[i] : (LINKS[i+1] ? 1'b0 : a[0]);
  end
  for (genvar i = 0; i < PLACES; i++) begin : g_table
    logic [4:0] a;
    if (i == 0 && LINKS[COLUMNS]) begin : g_linked
      assign a = {second[COLUMNS], x[First+:4]};
    end else begin : g_alone
      assign a = x[First+(i<<2)+i+:5];
    end
`ifdef MULFREE_XC7
    LUT6_2 #(.INIT(TABLES[(i<<6)+:64])) u_table (
        .I0(a[0]), .I1(a[1]), .I2(a[2]), .I3(a[3]), .I4(a[4]), .I5(1'b1), .O6(p[COLUMNS+i]), .O5(g[COLUMNS+i])
    );
`else
    localparam logic [63:0] Table = TABLES[(i<<6)+:64];
    assign p[COLUMNS+i] = Table[{1'b1, a}];
    assign g[COLUMNS+i] = Table[{1'b0, a}];
`endif
  end
  carry_chain #(
      .WIDTH(Width)
  ) u_carry (
      .c(x[0]),
      .p(p),
      .g(g),
      .y(total)
  );
  assign y = (TOP != 0) ? total[Width-1] : total[Width];
endmodule
