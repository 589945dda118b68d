"""What modules that hold or reshape the words of a stream promise."""

from __future__ import annotations

from mulfree.backends.formal.induction import Property


def stream_register(width: int = 4) -> Property:
    return Property(
        "stream_register",
        "every word leaves once, in order, and waits unchanged",
        {"WIDTH": width},
        (),
        f"""module top (input logic clk, rst, s_valid, m_ready, input logic [{width - 1}:0] s_data, output logic bad);
  logic s_ready, m_valid, inside;
  logic [{width - 1}:0] m_data, word;
  dut u (.clk, .rst, .s_data, .s_valid, .s_ready, .m_data, .m_valid, .m_ready);
  always_ff @(posedge clk) begin
    if (rst) inside <= 0;
    else inside <= (s_valid && s_ready) || (inside && !(m_valid && m_ready));
    if (s_valid && s_ready) word <= s_data;
  end
  assign bad = m_valid != inside || (inside && m_data != word) || s_ready != (!inside || m_ready);
endmodule
""",
    )


def stream_fifo(width: int = 2, depth: int = 3) -> Property:
    """One word, any one, is followed from where it enters: how many are before it, and what it is."""
    count, at = (depth + 1).bit_length(), max(1, (depth - 1).bit_length())
    words = [f"words[{i}]" for i in range(depth)]
    ports = ", ".join(f".\\{word} (word_{i})" for i, word in enumerate(words))
    place = f"(head + ahead >= {depth} ? head + ahead - {depth} : head + ahead)"
    held = "".join(f"place == {i} ? word_{i} : " for i in range(depth)) + "0"
    counted = (depth).bit_length()
    return Property(
        "stream_fifo",
        "every word leaves once, in order; it takes words until it is full, and offers one until it is empty",
        {"WIDTH": width, "DEPTH": depth},
        ("head", "tail", "count", *words),
        f"""module top (
    input logic clk, rst, s_valid, m_ready, mark, input logic [{width - 1}:0] s_data, output logic bad
);
  logic s_ready, m_valid, read, write, is_followed;
  logic [{width - 1}:0] m_data, word, found, {", ".join(f"word_{i}" for i in range(depth))};
  logic [{at - 1}:0] head, tail;
  logic [{counted - 1}:0] count;
  logic [{count}:0] inside, ahead, place, behind;
  dut u (.clk, .rst, .s_data, .s_valid, .s_ready, .m_data, .m_valid, .m_ready, .head, .tail, .count, {ports});
  assign write = s_valid && s_ready;
  assign read = m_valid && m_ready;
  assign place = {place};
  assign behind = head + count >= {depth} ? head + count - {depth} : head + count;
  assign found = {held};
  always_ff @(posedge clk) begin
    if (rst) begin
      inside <= 0;
      is_followed <= 0;
    end else begin
      inside <= inside + write - read;
      if (write && mark && !is_followed) begin
        is_followed <= 1;
        word <= s_data;
        ahead <= inside - read;
      end else if (is_followed && read) begin
        is_followed <= ahead != 0;
        ahead <= ahead - 1;
      end
    end
  end
  assign bad = inside != count || count > {depth} || head >= {depth} || tail >= {depth} || tail != behind
      || m_valid != (inside != 0) || s_ready != (inside != {depth})
      || (is_followed && (ahead >= inside || found != word || (ahead == 0 && m_data != word)));
endmodule
""",
    )


def stream_fork(width: int = 3, outputs: int = 3) -> Property:
    return Property(
        "stream_fork",
        "every word leaves once on every output, in order",
        {"WIDTH": width, "OUTPUTS": outputs},
        (),
        f"""module top (
    input logic clk, rst, s_valid, input logic [{outputs - 1}:0] m_ready, input logic [{width - 1}:0] s_data,
    output logic bad
);
  logic s_ready;
  logic [{outputs - 1}:0] m_valid, inside, wrong;
  logic [{outputs - 1}:0][{width - 1}:0] m_data;
  logic [{width - 1}:0] word;
  dut u (.clk, .rst, .s_data, .s_valid, .s_ready, .m_data, .m_valid, .m_ready);
  always_ff @(posedge clk) begin
    if (rst) inside <= 0;
    else inside <= (inside & ~(m_valid & m_ready)) | {{{outputs}{{s_valid && s_ready}}}};
    if (s_valid && s_ready) word <= s_data;
  end
  for (genvar i = 0; i < {outputs}; i++) begin : g_output
    assign wrong[i] = inside[i] && m_data[i] != word;
  end
  assign bad = m_valid != inside || wrong != 0 || (s_ready && (inside & ~m_ready) != 0);
endmodule
""",
    )


def width_up(width: int = 2, ratio: int = 3) -> Property:
    """The words that a wide one is made of are kept beside it."""
    count = (ratio - 1).bit_length()
    return Property(
        "width_up",
        "every wide word is the next words in their order, and waits unchanged",
        {"WIDTH": width, "RATIO": ratio},
        ("early", "count"),
        f"""module top (input logic clk, rst, s_valid, m_ready, input logic [{width - 1}:0] s_data, output logic bad);
  logic s_ready, m_valid, fire, inside;
  logic [{ratio - 1}:0][{width - 1}:0] m_data, made;
  logic [{ratio - 2}:0][{width - 1}:0] early, taken, wrong;
  logic [{count - 1}:0] count;
  logic [{count}:0] number;
  dut u (.clk, .rst, .s_data, .s_valid, .s_ready, .m_data, .m_valid, .m_ready, .early(early), .count(count));
  assign fire = s_valid && s_ready;
  always_ff @(posedge clk) begin
    if (rst) begin
      number <= 0;
      inside <= 0;
    end else begin
      if (fire) number <= number == {ratio - 1} ? 0 : number + 1;
      inside <= (fire && number == {ratio - 1}) || (inside && !(m_valid && m_ready));
    end
    if (fire && number == {ratio - 1}) made <= {{s_data, taken}};
  end
  for (genvar i = 0; i < {ratio - 1}; i++) begin : g_word
    always_ff @(posedge clk) if (fire && number == i) taken[i] <= s_data;
    assign wrong[i] = number > i && early[i] != taken[i] ? 1 : 0;
  end
  assign bad = number != count || number >= {ratio} || m_valid != inside || (inside && m_data != made) || wrong != 0
      || (s_ready && number == {ratio - 1} && inside && !m_ready);
endmodule
""",
    )


def width_down(width: int = 2, ratio: int = 3) -> Property:
    """The wide word that is being given away is kept beside it, and how many of its words are out."""
    count = (ratio - 1).bit_length()
    left = " || ".join(f"(at + {j} < {ratio} && rest[{j - 1}] != word[at + {j}])" for j in range(1, ratio))
    return Property(
        "width_down",
        "every wide word leaves as its words in their order, once",
        {"WIDTH": width, "RATIO": ratio},
        ("rest", "count"),
        f"""module top (
    input logic clk, rst, s_valid, m_ready, input logic [{ratio - 1}:0][{width - 1}:0] s_data, output logic bad
);
  logic s_ready, m_valid, is_open, inside, moves;
  logic [{width - 1}:0] m_data;
  logic [{ratio - 1}:0][{width - 1}:0] word;
  logic [{ratio - 2}:0][{width - 1}:0] rest;
  logic [{count - 1}:0] count;
  logic [{count}:0] at;
  dut u (.clk, .rst, .s_data, .s_valid, .s_ready, .m_data, .m_valid, .m_ready, .rest(rest), .count(count));
  // is_open: words of the wide one are left; inside: word[at] waits.
  assign moves = is_open && (!inside || m_ready);
  always_ff @(posedge clk) begin
    if (rst) begin
      is_open <= 0;
      inside <= 0;
      at <= 0;
    end else if (s_valid && s_ready) begin
      is_open <= 1;
      inside <= 1;
      at <= 0;
    end else if (moves) begin
      is_open <= at + 1 != {ratio - 1};
      inside <= 1;
      at <= at + 1;
    end else if (m_ready) inside <= 0;
    if (s_valid && s_ready) word <= s_data;
  end
  assign bad = m_valid != inside || (inside && m_data != word[at]) || s_ready != (!is_open && (!inside || m_ready))
      || at >= {ratio} || count != (is_open ? at + 1 : 0) || (is_open && (at + 1 >= {ratio} || {left}));
endmodule
""",
    )
