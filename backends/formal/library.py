"""The properties of library modules that are proven, at sizes at which induction is quick; see `induction`."""

from __future__ import annotations

from mulfree.backends.formal.control_properties import pipeline_control, run_counter, step_reduce
from mulfree.backends.formal.stream_properties import stream_fifo, stream_fork, stream_register, width_down, width_up

PROPERTIES = (
    stream_register(),
    stream_fifo(),
    stream_fifo(2, 4),
    stream_fifo(2, 1),
    stream_fork(),
    width_up(),
    width_up(3, 2),
    width_down(),
    width_down(3, 2),
    step_reduce(),
    pipeline_control(),
    pipeline_control(1),
    run_counter(),
    run_counter(8),
)
