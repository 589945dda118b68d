"""What modules promise that count, sum up, or move registers that stand elsewhere."""

from __future__ import annotations

from mulfree.backends.formal.induction import Property


def step_reduce(width: int = 6) -> Property:
    return Property(
        "step_reduce",
        "with next = state + step, each result is the sum of the steps of its run",
        {"WIDTH": width, "START": 0},
        (),
        f"""module top (
    input logic clk, rst, s_valid, s_last, m_ready, input logic [{width - 1}:0] step, output logic bad
);
  logic s_ready, m_valid, inside, fire;
  logic [{width - 1}:0] state, m_data, sum, result;
  dut u (.clk, .rst, .s_valid, .s_last, .s_ready, .state, .next(state + step), .m_data, .m_valid, .m_ready);
  assign fire = s_valid && s_ready;
  always_ff @(posedge clk) begin
    if (rst) begin
      sum <= 0;
      inside <= 0;
    end else begin
      if (fire) sum <= s_last ? 0 : sum + step;
      inside <= (fire && s_last) || (inside && !(m_valid && m_ready));
    end
    if (fire && s_last) result <= sum + step;
  end
  assign bad = state != sum || m_valid != inside || (inside && m_data != result)
      || s_ready != (!s_last || !inside || m_ready);
endmodule
""",
    )


def pipeline_control(registers: int = 3, width: int = 2) -> Property:
    """With registers that `enable` moves, which is what stands between the cuts of a circuit."""
    n = registers
    return Property(
        "pipeline_control",
        "words in registers that `enable` moves leave once, in order",
        {"REGISTERS": n},
        ("valid",),
        f"""module top (
    input logic clk, rst, s_valid, m_ready, mark, input logic [{width - 1}:0] s_data, output logic bad
);
  logic s_ready, m_valid, is_followed, in, out;
  logic [{n - 1}:0] enable, valid, here, next;
  logic [{n - 1}:0][{width - 1}:0] held;
  logic [{width - 1}:0] word, found;
  logic [{n.bit_length()}:0] inside, ahead, before, all;
  dut u (.clk, .rst, .s_valid, .s_ready, .m_valid, .m_ready, .enable, .valid(valid));
  assign in = s_valid && s_ready;
  assign out = m_valid && m_ready;
  // here: the register in which the word is that is followed.
  for (genvar i = 0; i < {n}; i++) begin : g_register
    if (i == 0) begin : g_first
      always_ff @(posedge clk) if (enable[i]) held[i] <= s_data;
      assign next[i] = !enable[i] && here[i];
    end else begin : g_later
      always_ff @(posedge clk) if (enable[i]) held[i] <= held[i-1];
      assign next[i] = enable[i] ? here[i-1] : here[i];
    end
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      inside <= 0;
      is_followed <= 0;
      here <= 0;
    end else begin
      inside <= inside + in - out;
      if (in && mark && !is_followed) begin
        is_followed <= 1;
        here <= 1;
        word <= s_data;
        ahead <= inside - out;
      end else begin
        here <= next;
        if (out && is_followed) begin
          is_followed <= ahead != 0;
          ahead <= ahead - 1;
        end
      end
    end
  end
  always_comb begin
    all = 0;
    before = 0;
    found = 0;
    for (int i = 0; i < {n}; i++) begin
      all = all + valid[i];
      if (here[i]) found = held[i];
      for (int j = 0; j < i; j++) if (here[j]) before = before + valid[i];
    end
  end
  assign bad = inside != all || m_valid != valid[{n - 1}] || (s_ready && !enable[0])
      || (here & (here - 1)) != 0 || is_followed != (here != 0) || (here & ~valid) != 0
      || (is_followed && (before != ahead || found != word));
endmodule
""",
    )


def run_counter(length: int = 5) -> Property:
    bits = length.bit_length()
    return Property(
        "run_counter",
        "the last word of every run is told",
        {"LENGTH": length},
        ("count",),
        f"""module top (input logic clk, rst, advance, output logic bad);
  logic last;
  logic [{max(1, (length - 1).bit_length()) - 1}:0] count;
  logic [{bits}:0] number;
  dut u (.clk, .rst, .advance, .last, .count(count));
  always_ff @(posedge clk) begin
    if (rst) number <= 0;
    else if (advance) number <= number == {length - 1} ? 0 : number + 1;
  end
  assign bad = number != count || number >= {length} || last != (number == {length - 1});
endmodule
""",
    )
