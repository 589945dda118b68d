"""SystemVerilog text of a stage: its module, its constants, its circuits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import indent

from mulfree.rtl.cell_verilog import literal
from mulfree.rtl.design import Memory, Stage, Stream
from mulfree.rtl.print_circuit import to_verilog

CLOCK = {"clk": "clk", "rst": "rst"}
OWN_TABLE = 16
"""Words from which a memory of constants is synthesised by itself."""
LARGEST_INLINE_BITS = 4096


def port_names(stage: Stage) -> list[str]:
    """Prefixes of the ports of the inputs, then of the outputs: s, m where there is one, else s0, s1, m0, ..."""
    return [*_numbered("s", len(stage.inputs)), *_numbered("m", len(stage.outputs))]


def module_text(stage: Stage, purpose: str, body: Sequence[str], parts: Sequence[str] = ()) -> str:
    """The stage's module: ports, then the statements of `body`; then the parts that only it uses."""
    streams = [*stage.inputs, *stage.outputs]
    ports = ["input  logic clk", "input  logic rst"]
    for prefix, stream in zip(port_names(stage), streams, strict=True):
        ports += _stream_ports(prefix, stream, prefix.startswith("s"))
    text = "\n".join(
        [
            *_header(stage, purpose),
            f"module {stage.name} (",
            ",\n".join(f"    {port}" for port in ports),
            ");",
            indent("\n".join(body), "  "),
            "endmodule",
        ]
    )
    if not parts:
        return text + "\n"
    # What belongs to one stage stays in its file.
    return "\n".join([text, "", "/* verilator lint_off DECLFILENAME */", "", "\n".join(parts)])


def instance(module: str, name: str, parameters: Mapping[str, int | str], ports: Mapping[str, str]) -> str:
    """An instance of a module, one port a line."""
    values = ", ".join(f".{key}({value})" for key, value in parameters.items())
    head = f"{module} #({values}) {name}" if parameters else f"{module} {name}"
    connections = ",\n".join(f"    .{key}({value})" for key, value in ports.items())
    return f"{head} (\n{connections}\n);"


def handshake(formal: str, actual: str) -> dict[str, str]:
    """Ports <formal>_data, _valid, _ready connected to the signals <actual>_data, _valid, _ready."""
    return {f"{formal}_{part}": f"{actual}_{part}" for part in ("data", "valid", "ready")}


def declare_stream(name: str, bits: int) -> str:
    """The three signals of a stream inside a stage."""
    return f"logic [{bits - 1}:0] {name}_data;\nlogic {name}_valid, {name}_ready;"


def circuit_module(stage: Stage, circuit: str) -> str:
    """Name of the module of one of the stage's circuits; no identifier of ours has two underscores."""
    return f"{stage.name}__{circuit}"


def circuit_instance(stage: Stage, circuit: str, ports: Mapping[str, str], name: str | None = None) -> str:
    return instance(circuit_module(stage, circuit), name or f"u_{circuit}", {}, ports)


def circuit_text(stage: Stage, circuit: str, purpose: str, target: str | None = None) -> str:
    """`target` is what heaps are planned for, if it is not the stage's."""
    module = circuit_module(stage, circuit)
    return to_verilog(stage.circuits[circuit], module, f"{purpose} ({stage.name}).", target or stage.target)


def address_bits(depth: int) -> int:
    return max(1, (depth - 1).bit_length())


def rom_text(stage: Stage, memory: str, purpose: str) -> str:
    """A module with the constants: `word` follows `address` with a register, which moves with `enable`."""
    rom = stage.memories[memory]
    return "\n".join(
        [
            f"// {purpose} ({stage.name}): {rom.depth} words of {rom.width} bits.",
            *own_table(rom),
            f"module {circuit_module(stage, memory)} (",
            "    input  logic clk,",
            "    input  logic enable,",
            f"    input  logic [{address_bits(rom.depth) - 1}:0] address,",
            f"    output logic [{rom.width - 1}:0] word",
            ");",
            *(f"  {line}" for line in rom_lines(rom, "words", "address", "word", memory_file(stage, memory))),
            "endmodule",
            "",
        ]
    )


def own_table(rom: Memory) -> list[str]:
    """The attribute of a module of constants that Yosys maps by itself: into down to a quarter of the LUTs that it
    takes together with what follows it.
    """
    return ['(* keep_hierarchy = "yes" *)'] if rom.depth >= OWN_TABLE else []


def memory_file(stage: Stage, memory: str) -> str | None:
    """Name of the file that holds the memory's words, or None where they stand in the module itself.

    Large constants in the text cost simulators and synthesis tools minutes; `$readmemh` costs them nothing.
    """
    rom = stage.memories[memory]
    return f"{circuit_module(stage, memory)}.mem" if rom.depth * rom.width > LARGEST_INLINE_BITS else None


def memory_text(rom: Memory) -> str:
    """Contents of a memory file: one word in hexadecimal per line."""
    digits = -(-rom.width // 4)
    return "".join(f"{word:0{digits}x}\n" for word in rom.words)


def rom_lines(rom: Memory, array: str, address: str, word: str, file: str | None = None) -> list[str]:
    """Declaration, contents (from the file, if one is named) and registered read of a memory of constants."""
    # Yosys reads ram_style first and knows constants in LUTs as registers; vendors' tools read rom_style.
    ram_style = "registers" if rom.style == "distributed" else rom.style
    style = "" if rom.style == "auto" else f'(* rom_style = "{rom.style}", ram_style = "{ram_style}" *) '
    return [
        f"{style}logic [{rom.width - 1}:0] {array} [0:{rom.depth - 1}];",
        *_contents(rom, array, file),
        f"always_ff @(posedge clk) if (enable) {word} <= {array}[{address}];",
    ]


def _contents(rom: Memory, array: str, file: str | None) -> list[str]:
    if file:
        return [f'initial $readmemh("{file}", {array});']
    words = (f"  {array}[{i}] = {literal(rom.width, value)};" for i, value in enumerate(rom.words))
    return ["initial begin", *words, "end"]


def _header(stage: Stage, purpose: str) -> list[str]:
    lines = [f"// {stage.name}: {purpose}"]
    if stage.location:
        lines.append(f"// From {stage.location}.")
    lines += [f"// {prefix}: {_stream_text(s)}" for prefix, s in zip(port_names(stage), _streams(stage), strict=True)]
    return lines


def _streams(stage: Stage) -> list[Stream]:
    return [*stage.inputs, *stage.outputs]


def _stream_text(stream: Stream) -> str:
    return f"{stream.lanes} x {stream.type.range}, {stream.tokens} tokens a frame"


def _stream_ports(prefix: str, stream: Stream, is_input: bool) -> list[str]:
    forth, back = ("input ", "output") if is_input else ("output", "input ")
    return [
        f"{forth} logic [{stream.token_bits - 1}:0] {prefix}_data",
        f"{forth} logic {prefix}_valid",
        f"{back} logic {prefix}_ready",
    ]


def _numbered(prefix: str, count: int) -> list[str]:
    return [prefix] if count == 1 else [f"{prefix}{i}" for i in range(count)]
