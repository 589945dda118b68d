"""Diminished-1 numbers in hardware: cells of words modulo 2^b + 1, and circuits made of them."""
