"""Programs: networks made ready by the core.

`compile` checks a list of layers and hands it to ``fastdl._core.Program``, which infers shapes and
plans memory; `weights` reads and writes what a program learns, whole or by name; `part` cuts some
layers out of it; `shapes` says what layers give
before there is one; `threads` counts the processors it may use; `summary` shows it as a table.
Estimators come here by `fastdl.fitting`, `fastdl.functional` and `fastdl.inspection` directly.
"""

from fastdl.program.compile import compile, draw_weights, dtype_name, make, set_loss, set_optimizer
from fastdl.program.part import part
from fastdl.program.shapes import output_shape, survey, takes_steps
from fastdl.program.summary import summary, summary_of
from fastdl.program.threads import count_threads
from fastdl.program.weights import Snapshot, get_state, set_state

__all__ = [
    "Snapshot",
    "compile",
    "count_threads",
    "draw_weights",
    "dtype_name",
    "get_state",
    "make",
    "output_shape",
    "part",
    "set_loss",
    "set_optimizer",
    "set_state",
    "summary",
    "summary_of",
    "survey",
    "takes_steps",
]
