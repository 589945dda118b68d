"""Terms of the library's modules, from their Verilog parameters: registers exactly, logic as amounts to weigh."""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.rtl.cost.cost import Cost
from mulfree.rtl.cost.memory import ram_terms, replay_terms
from mulfree.rtl.cost.target import Target
from mulfree.rtl.cost.terms import NOTHING, Terms


def register(bits: int) -> Terms:
    """stream_register"""
    return Terms(Cost(ffs=bits + 1), {"handshakes": 1})


def registers(bits: int, count: int) -> Terms:
    """pipeline_control over so many registers, and the bits that they hold."""
    return Terms(Cost(ffs=bits + count), {"handshakes": count})


def counter(length: int) -> Terms:
    """A counter of so many states, with reset; of one state, nothing. Fewer states than 2^bits take a comparison."""
    bits = (length - 1).bit_length()
    amounts = {"counter_bits": bits, "counters": 1, "wraps": int(length & (length - 1) > 0)}
    return Terms(Cost(ffs=bits), amounts) if bits else NOTHING


def vector_fetch(width: int, fold: int, repeat: int, steps: int, target: Target) -> Terms:
    """m_data, m_last where it changes, the address, the place in the vector and the pass, and the replayed words."""
    control = register(width) + counter(steps) + counter(fold) + counter(repeat)
    last = Terms(Cost(ffs=1)) if fold > 1 else NOTHING
    if repeat == 1:
        return control + last
    held = Terms(Cost(ffs=width)) if fold == 1 else replay_terms(fold, width, target)
    return control + last + held + Terms(weighed={"mux_bits": width})


def step_reduce(bits: int) -> Terms:
    """The state and the finished word."""
    return Terms(Cost(ffs=2 * bits + 1), {"handshakes": 1, "state_bits": bits})


def width_up(bits: int, ratio: int) -> Terms:
    """All narrow words but the last, the wide word, the count."""
    return Terms(Cost(ffs=(2 * ratio - 1) * bits + 1), {"handshakes": 1, "enables": ratio}) + counter(ratio)


def width_down(bits: int, ratio: int) -> Terms:
    """The narrow word and the others, which shift; what comes after the last is a reset."""
    return Terms(Cost(ffs=ratio * bits + 1), {"handshakes": 1, "mux_bits": (ratio - 1) * bits}) + counter(ratio)


def stream_fork(bits: int, outputs: int) -> Terms:
    """Registers with equal contents become one."""
    return Terms(Cost(ffs=bits + outputs), {"handshakes": outputs})


def stream_fifo(bits: int, depth: int, target: Target) -> Terms:
    """Memory, head, tail and count."""
    count = Terms(Cost(ffs=depth.bit_length()), {"counter_bits": depth.bit_length()})
    addresses = counter(depth) + counter(depth) if depth > 1 else NOTHING
    memory = ram_terms(depth, bits, target, "distributed", is_registered=False)
    # Yosys keeps a copy of the read address beside a memory that is read without a register.
    copied = Terms(Cost(ffs=0 if memory.known.brams else (depth - 1).bit_length()))
    return memory + addresses + count + copied + Terms(weighed={"handshakes": 1})


def concat_streams(bits: int, inputs: int, run_bits: int) -> Terms:
    """The word, whose turn it is, and how many of its run have passed."""
    chosen = {"choice_bits": bits * (inputs - 1), "handshakes": 1, "counter_bits": run_bits}
    return Terms(Cost(ffs=bits + 1 + run_bits), chosen) + counter(inputs)


def loop_nest(counts: Sequence[int]) -> Terms:
    """A counter per loop that runs more than once."""
    result = NOTHING
    for count in counts:
        result += counter(count)
    return result


def pad_map(width: int, counts: Sequence[int]) -> Terms:
    """The word, and the loops, whose counts are compared with the map's bounds."""
    bits = sum((count - 1).bit_length() for count in counts[1:])
    return Terms(Cost(ffs=width + 1), {"handshakes": 1, "mux_bits": width, "bound_bits": bits}) + loop_nest(counts)


def top_k_list(k: int, width: int, index: int) -> Terms:
    """Values and indices so far, which are filled, the position, the result."""
    ffs = k * (width + index) + k + index + k * index + 1
    weighed = {"compare_bits": k * width, "select_bits": k * (width + index), "handshakes": 1, "counter_bits": index}
    return Terms(Cost(ffs=ffs), weighed)


def threshold_level(lanes: int, width: int, found: int, folds: int) -> Terms:
    """x, the bits found before, and which channels come."""
    return Terms(Cost(ffs=width + lanes * found + 1), {"handshakes": 1}) + counter(folds)


def window_control(bits: int, frees: Sequence[int], steps: Sequence[Sequence[int]], counts: Sequence[int]) -> Terms:
    """window_buffer without its memory, of numbers of so many bits.

    `frees` are the words given up by each row of windows, `steps` what the word's number, row and column gain where
    each loop goes on. A bit of a step that is the same for all loops is no logic, nor is one that equals another.
    """
    moving = [of for of in steps if any(of)]
    columns = {tuple(step >> place & 1 for step in of) for of in moving for place in range(bits)}
    shift = min((free & -free).bit_length() - 1 for free in frees if free)
    changes = sum(1 for free, before in zip(frees[1:], frees, strict=False) if free != before)
    padded = bits * (len(moving) - 1)
    weighed = {
        "index_bits": bits,
        "place_bits": padded,
        "step_tables": sum(1 for column in columns if len(set(column)) > 1),
        "free_bits": bits - shift,
        "changes": changes,
        "handshakes": 1,
    }
    ffs = 3 * bits - shift + padded + 1 + bool(padded)
    return Terms(Cost(ffs=ffs), weighed) + loop_nest(counts)


def shift_control(index_bits: int, place_bits: int, fold_bits: int) -> Terms:
    """Words written, given up and read, the end of the frame; row, column and fold."""
    ffs = 4 * index_bits + 2 * place_bits + fold_bits + 1
    weighed = {"handshakes": 1, "index_bits": 4 * index_bits, "place_bits": 2 * place_bits + fold_bits}
    return Terms(Cost(ffs=ffs), weighed)


def gather_control(words: int, steps: int) -> Terms:
    """How many vectors are held, both halves, whether the list has begun and whether a step is offered."""
    return Terms(Cost(ffs=6), {"handshakes": 1}) + counter(words) + counter(steps)


def shift_bank(width: int, depth: int, place_bits: int, target: Target, style: str) -> Terms:
    """The memory with its address, and whether the word lies outside the map."""
    address = (depth - 1).bit_length()
    logic = {"address_bits": address, "outside_bits": 2 * place_bits, "mux_bits": width}
    return Terms(Cost(ffs=1), logic) + ram_terms(depth, width, target, style, is_registered=True)


def lazy_trees_unit(width: int, words: int, leaves: int, places: int, sums: int, value: int, target: Target) -> Terms:
    """The vector, the word, the sum, values and bounds; the phase, the leaf, the word's and the weights' number."""
    vector = ram_terms(words, width, target, "distributed", is_registered=True)
    bounds = ram_terms(places, 2 * value, target, "distributed", is_registered=False) if places > 1 else NOTHING
    values = Terms(Cost(ffs=sums + 4 * value + 6), {"handshakes": 2, "mux_bits": sums + 4 * value})
    return vector + bounds + values + counter(words) + counter(leaves) + counter(leaves * words)


def tree_stack_unit(width: int, places: int, steps: int, target: Target) -> Terms:
    """The top, the output, the step, the values below; what is pushed, and what meets what."""
    below = ram_terms(places, width, target, "distributed", is_registered=False)
    values = Terms(Cost(ffs=2 * width + 1), {"handshakes": 1, "mux_bits": 3 * width})
    return values + below + counter(steps)
