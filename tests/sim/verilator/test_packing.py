from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mulfree.sim.verilator import pack_tokens, unpack_tokens


@given(st.integers(1, 100), st.integers(1, 7), st.integers(0, 5))
def test_lanes_are_the_digits_of_one_little_endian_number(bits: int, lanes: int, tokens: int) -> None:
    rng = np.random.default_rng(bits * 7 + lanes)
    drawn = [int(rng.integers(0, 1 << 62)) * 3**40 % (1 << bits) for _ in range(lanes * tokens)]
    values = np.array(drawn, dtype=object if bits > 63 else np.int64).reshape(tokens, lanes)
    words = pack_tokens(values, bits)
    for row, packed in zip(values, words, strict=True):
        number = sum(int(v) << bits * i for i, v in enumerate(row))
        assert sum(int(w) << 32 * i for i, w in enumerate(packed)) == number
    assert words.shape == (tokens, -(-bits * lanes // 32))
    assert np.array_equal(unpack_tokens(words, lanes, bits), values)
