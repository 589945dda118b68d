"""Bit heaps: sums of many bits, compressed by counters of a technology to one row."""

from mulfree.rtl.heap.bits import Bit, Heap, Weights, free_constant, heap
from mulfree.rtl.heap.counter import Area, Counter, Placed
from mulfree.rtl.heap.plan import Plan, plan
from mulfree.rtl.heap.summation import Summation
from mulfree.rtl.heap.technology import GENERIC, TECHNOLOGIES

__all__ = [
    "GENERIC",
    "TECHNOLOGIES",
    "Area",
    "Bit",
    "Counter",
    "Heap",
    "Placed",
    "Plan",
    "Summation",
    "Weights",
    "free_constant",
    "heap",
    "plan",
]
