"""The library's modules: arrivals at their registers, and what they hand on. Named as the modules are."""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.rtl.timing.chain import added, compared
from mulfree.rtl.timing.paths import Offer, Paths
from mulfree.rtl.timing.signal import NEVER, Signal, joined, leaf, wide


def vector_fetch(
    paths: Paths, width: int, fold: int, repeat: int, depth: int, given: Offer, ready: Signal, words: int
) -> Signal:
    """Gives s_ready; `words`, the bits of the weights that move with the data."""
    fresh = paths.ends(repeat)
    room = paths.room(ready)
    advance = paths.table(room, fresh, given.valid) if repeat > 1 else paths.table(room, given.valid)
    paths.enables(advance, width + words)
    paths.counter(depth, advance)
    last = paths.ends(fold)
    paths.counter(fold, advance)
    if repeat > 1:
        paths.counter(repeat, paths.table(advance, last))
        held = paths.held if fold == 1 else paths.ram(fold, width, "distributed", is_registered=False)
        paths.data(paths.table(given.data.reshape(-1), paths.spread(fresh, width), held))
    else:
        paths.data(given.data)
    return paths.table(fresh, room) if repeat > 1 else room


def step_reduce(paths: Paths, following: Signal, valid: Signal, last: Signal, ready: Signal) -> Signal:
    """Gives s_ready; `following` is what the state becomes, unless a run ends."""
    bits = following.at.size
    s_ready = paths.table(last, paths.room(ready))
    fire = paths.table(valid, s_ready)
    paths.data(paths.table(following, last))
    paths.enables(paths.table(fire, last), 2 * bits)
    return s_ready


def enabled(paths: Paths, count: int, bits: int, ready: Signal) -> Signal:
    """pipeline_control over so many registers, each of so many bits: gives s_ready."""
    for _ in range(count):
        # Each register's enable is a table of its own, as it is read there too.
        ready = leaf(paths.table(paths.held, ready).at)
        paths.enables(ready, bits)
    return ready


def width_up(paths: Paths, bits: int, ratio: int, given: Offer, ready: Signal) -> Signal:
    """Gives s_ready."""
    last = paths.ends(ratio)
    s_ready = paths.table(last, paths.room(ready))
    fire = paths.table(given.valid, s_ready)
    paths.enables(paths.table(fire, last), bits * ratio)
    paths.counter(ratio, fire)
    paths.data(given.data)
    return s_ready


def width_down(paths: Paths, bits: int, ratio: int, given: Offer, ready: Signal) -> Signal:
    """Gives s_ready."""
    first = paths.ends(ratio)
    room = paths.room(ready)
    fire = paths.table(room, first, given.valid)
    paths.enables(fire, bits * ratio)
    paths.counter(ratio, fire)
    paths.data(paths.table(given.data.reshape(-1), paths.spread(first, bits * ratio), paths.held))
    return paths.table(first, room)


def stream_fork(paths: Paths, bits: int, given: Offer, readys: list[Signal]) -> Signal:
    """Gives s_ready: when every output has room."""
    parts = [signal for ready in readys for signal in (paths.held, ready)]
    s_ready = wide(paths.delays, joined(parts)).reshape(1)
    fire = paths.table(given.valid, s_ready)
    paths.enables(fire, bits)
    paths.data(paths.table(fire, paths.held, readys[0]), given.data)
    return s_ready


def stream_fifo(paths: Paths, bits: int, depth: int, given: Offer, ready: Signal) -> Signal:
    """Gives s_ready, from the registered count alone."""
    s_ready = m_valid = wide(paths.delays, paths.word(depth.bit_length())).reshape(1)
    write, read = paths.table(given.valid, s_ready), paths.table(ready, m_valid)
    for enable in (write, read):
        paths.counter(depth, enable)
    # A memory that is read with a register takes the next address.
    ends = paths.ends(depth)
    paths.data(paths.table(leaf(paths.table(read, ends).at), paths.held, paths.held))
    paths.enables(write, bits)
    state = paths.word(depth.bit_length())
    moved = paths.table(write, read).to(state.shape)
    paths.data(added(paths.delays, depth.bit_length(), state, moved))
    return s_ready


def concat_streams(
    paths: Paths, bits: int, words: list[Signal], valids: list[Signal], run: int, ready: Signal
) -> Signal:
    """Gives s_ready, of every input alike."""
    count = len(words)
    turn = paths.word(max(1, (count - 1).bit_length()))
    room = paths.room(ready)
    fire = paths.table(room, wide(paths.delays, joined([*valids, turn])).reshape(1))
    paths.enables(fire, bits)
    chosen = paths.table(turn[:1], *(word.reshape(-1) for word in words[:2]))
    paths.data(chosen)
    ends = wide(paths.delays, paths.word(run.bit_length() + 1)).reshape(1)
    paths.counter(run + 1, fire)
    paths.enables(paths.table(fire, ends), turn.at.size)
    return paths.table(room, turn[:1])


def loop_nest(paths: Paths, counts: Sequence[int], advance: Signal) -> Signal:
    """Whether a loop ends, of the outermost, which waits for all others; the longest counter is the slowest."""
    bits = [(count - 1).bit_length() for count in counts]
    most, total = max(1, *bits), max(1, sum(bits))
    ended = wide(paths.delays, paths.word(total)).reshape(1)
    following = paths.table(added(paths.delays, most, paths.word(most)), ended.to((most,)))
    paths.data(following)
    paths.enables(paths.table(advance, ended), total)
    return ended


def pad_map(paths: Paths, width: int, counts: Sequence[int], given: Offer, ready: Signal) -> Signal:
    """Gives s_ready."""
    bits = max(counts).bit_length() + 1
    place = added(paths.delays, bits, paths.word(bits))
    inside = compared(paths.delays, place, leaf(NEVER, (bits,))).reshape(1)
    in_map = paths.table(inside, inside)
    room = paths.room(ready)
    fire = paths.table(room, in_map, given.valid)
    paths.enables(fire, width)
    loop_nest(paths, counts, fire)
    paths.data(paths.table(given.data.reshape(-1), paths.spread(in_map, width)))
    return paths.table(room, in_map)


def window_buffer(
    paths: Paths, index: int, counts: Sequence[int], address: int, numbers: int, bits: int, given: Offer, ready: Signal
) -> Signal:
    """Gives s_ready; the loops step `numbers`, the word's first, which is compared with what has come."""
    held = paths.difference(paths.word(index), paths.word(index))
    s_ready = compared(paths.delays, held[address:], leaf(NEVER, (index - address,)), is_signed=True).reshape(1)
    write = paths.table(given.valid, s_ready)
    paths.enables(write, index)
    ahead = paths.difference(paths.word(index), paths.word(index))
    arrived = compared(paths.delays, ahead, held, is_signed=True).reshape(1)
    read = paths.table(paths.room(ready), arrived, wide(paths.delays, paths.word(index)).reshape(1))
    paths.enables(read, numbers * index + bits)
    ended = loop_nest(paths, counts, read)
    step = paths.table(ended, paths.held, paths.held)
    paths.data(added(paths.delays, index, paths.word(index), paths.spread(step, numbers * index).to((index,))))
    paths.enables(paths.table(read, ended), index)
    return s_ready


def shift_control(
    paths: Paths, index: int, place: int, folds: int, address: int, given: Offer, ready: Signal
) -> Signal:
    """Gives s_ready; three sums stand before the comparison that lets a word be read."""
    word = paths.word(index)
    latest = paths.table(paths.held, paths.held).to((index,)) if folds > 1 else leaf(NEVER, (index,))
    held = paths.difference(word, word)
    s_ready = compared(paths.delays, held[address:], leaf(NEVER, (index - address,)), is_signed=True).reshape(1)
    paths.enables(paths.table(given.valid, s_ready), index)
    left = paths.difference(word, word)
    spare = paths.difference(latest, left)
    wanted = paths.table(spare[-1:].to((index,)), word, added(paths.delays, index, word, latest))
    ahead = paths.difference(wanted, word)
    read = paths.table(paths.room(ready), compared(paths.delays, ahead, held, is_signed=True).reshape(1))
    paths.enables(read, 4 * index + 2 * place)
    kept = paths.difference(word, word)
    is_more = wide(paths.delays, kept).reshape(1)
    ends = wide(paths.delays, paths.word(2 * place)).reshape(1)
    freed = added(paths.delays, index, word, kept)
    paths.data(paths.table(freed, ends.to((index,)), word))
    paths.enables(paths.table(read, is_more, ends), index)
    return s_ready


def shift_bank(paths: Paths, address: int, place: int, folds: int) -> None:
    """The address and the place of the word read, each a sum."""
    offset = paths.table(paths.held, paths.held) if folds > 1 else leaf(NEVER)
    paths.data(paths.table(added(paths.delays, address, paths.word(address), offset.to((address,)))))
    row = added(paths.delays, place, paths.word(place), offset.to((place,)))
    paths.data(paths.table(compared(paths.delays, row, leaf(NEVER, (place,)))))


def gather_control(paths: Paths, words: int, steps: int, bits: int, given: Offer, ready: Signal) -> Signal:
    """Gives s_ready."""
    write = paths.table(given.valid, paths.held)
    paths.enables(write, bits)
    paths.counter(words, write)
    room = paths.room(ready)
    read = paths.table(room, paths.held, paths.held, paths.held)
    paths.enables(read, bits)
    paths.counter(steps, read)
    comes, goes = paths.table(write, paths.ends(words)), paths.table(read, paths.ends(steps))
    paths.data(paths.table(comes, goes, paths.held))
    return paths.table(paths.held)


def top_k_list(paths: Paths, k: int, width: int, index: int, count: int, given: Offer, ready: Signal) -> Signal:
    """Gives s_ready; every entry compares the word with its own and is kept, or takes the word or its neighbour's."""
    word, kept = given.data.reshape(-1), paths.word(width)
    behind = paths.table(compared(paths.delays, paths.spread(word, k), kept), paths.held)
    chosen = paths.table(paths.spread(behind, width + index), paths.held, paths.held)
    paths.data(chosen if k == 1 else paths.table(chosen, paths.held, behind))
    last = paths.ends(count)
    s_ready = paths.table(last, paths.room(ready))
    fire = paths.table(given.valid, s_ready)
    paths.enables(paths.table(fire, last), k * (width + index))
    paths.counter(count, fire)
    return s_ready
