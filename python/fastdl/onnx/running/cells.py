"""Recurrent cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import functional as F
from fastdl.onnx.reading.sequences import _DEFAULTS, _by_gates
from fastdl.onnx.running.operator import Compute, takes


def cell(op: str) -> Compute:
    """RNN, LSTM or GRU with the usual functions."""

    def compute(
        x: Any,
        w: Any,
        r: Any,
        b: Any = None,
        lengths: Any = None,
        h0: Any = None,
        c0: Any = None,
        p: Any = None,
        *,
        n_outputs: int,
        activations: Any = None,
        direction: str = "forward",
        layout: int = 0,
        linear_before_reset: int = 0,
        **others: Any,
    ) -> Any:
        functions = _functions(op, activations, direction)
        strange = {"clip", "input_forget", "activation_alpha", "activation_beta"} & set(others)
        if functions is None or strange or not takes(x, w, r, b, h0, c0, p):
            return None
        x = x if layout else x.swapaxes(0, 1)
        x = np.ascontiguousarray(x)
        h0, c0 = (s.swapaxes(0, 1) if s is not None and layout else s for s in (h0, c0))
        ways = {"bidirectional": [False, True], "reverse": [True]}.get(direction, [False])
        found = []
        for d, reverse in enumerate(ways):
            options: dict[str, Any] = {"lengths": lengths, "reverse": reverse}
            options["h0"] = None if h0 is None else np.ascontiguousarray(h0[d])
            if op == "RNN":
                options["activation"] = functions
            if op == "GRU":
                options["reset_after"] = bool(linear_before_reset)
            if op == "LSTM":
                options["c0"] = None if c0 is None else np.ascontiguousarray(c0[d])
                units = r.shape[2]
                options["peepholes"] = None if p is None else p[d].reshape(3, units)[[0, 2, 1]]
            found.append(_one(op, x, w[d], r[d], None if b is None else b[d], options))
        return _outputs(found, layout, n_outputs)

    return compute


def _functions(op: str, activations: Any, direction: str) -> str | None:
    """The function of an RNN, or "" of a cell with its own; None for others."""
    names = [str(a.decode() if isinstance(a, bytes) else a).capitalize() for a in activations or []]
    usual = _DEFAULTS[op] * (2 if direction == "bidirectional" else 1)
    if op == "RNN":
        names = names or usual
        return names[0].lower() if set(names) in ({"Tanh"}, {"Relu"}) else None
    return "" if not names or names == usual else None


def _one(
    op: str, x: NDArray[Any], w: NDArray[Any], r: NDArray[Any], b: Any, options: dict[str, Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]:
    """All states (n, steps, units) of a direction, the last one, and the last of the cells."""
    bias: Any = None
    if b is not None:
        b_x, b_h = (_by_gates(part[:, np.newaxis], op)[0] for part in np.split(b, 2))
        stacked = op == "GRU" and options["reset_after"]
        bias = np.stack([b_x, b_h]) if stacked else b_x + b_h
    arrays = (x, np.ascontiguousarray(_by_gates(w, op)), np.ascontiguousarray(_by_gates(r, op)))
    run: Any = {"RNN": F.rnn, "LSTM": F.lstm, "GRU": F.gru}[op]
    found = run(*arrays, bias, **options)
    states, cells = found if isinstance(found, tuple) else (found, None)
    n, steps = x.shape[:2]
    lengths = options["lengths"]
    last = np.full(n, steps - 1) if lengths is None else np.maximum(np.asarray(lengths) - 1, 0)
    last = np.zeros(n, int) if options["reverse"] else last.astype(int)
    rows = np.arange(n)
    return states, states[rows, last], None if cells is None else cells[rows, last]


def _outputs(found: Any, layout: int, n_outputs: int) -> Any:
    """Y, Y_h and Y_c as ONNX has them."""
    y = np.stack([states for states, *_ in found])  # (directions, n, steps, units)
    y_h = np.stack([h for _, h, _ in found])
    y_c = None if found[0][2] is None else np.stack([c for *_, c in found])
    if layout:
        y, y_h = y.transpose(1, 2, 0, 3), y_h.swapaxes(0, 1)
        y_c = None if y_c is None else y_c.swapaxes(0, 1)
    else:
        y = y.transpose(2, 0, 1, 3)
    return tuple(a for a in (y, y_h, y_c) if a is not None)[:n_outputs]
