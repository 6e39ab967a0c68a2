"""Derivatives of NumPy code: `python -m peers --page autodiff` in benchmarks/.

Beside autograd, PyTorch eager, JAX (with and without jit) where they are installed, and gradients
written by hand; interleaved in one process, one thread, float64, processor time, the least of the
rounds. Peak memory is tracemalloc's, of NumPy's arrays.
"""

from __future__ import annotations

import importlib.util
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from fastdl import autodiff
from peers import autodiff_models as models

Call = Callable[[], object]


class Side(NamedTuple):
    """A library: its NumPy, its arrays, and how it takes a gradient of f(arrays)."""

    np: Any
    arrays: Callable[[Any], Any]
    grad: Callable[[Any], Any]


def sides() -> dict[str, Side]:
    """The libraries that are there."""
    found = {"fastdl": Side(np, lambda x: x, autodiff.grad)}
    if importlib.util.find_spec("autograd"):
        import autograd

        found["autograd"] = Side(autograd.numpy, lambda x: x, autograd.grad)
    if importlib.util.find_spec("torch"):
        from peers.autodiff_torch import TORCH

        found["torch"] = Side(*TORCH)
    if importlib.util.find_spec("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
        to_jax = lambda x: jax.tree.map(jax.numpy.asarray, x)  # noqa: E731
        block = jax.block_until_ready
        found["jax"] = Side(jax.numpy, to_jax, lambda f: lambda *a: block(jax.grad(f)(*a)))
        found["jax.jit"] = Side(
            jax.numpy, to_jax, lambda f: (lambda g: lambda *a: block(g(*a)))(jax.jit(jax.grad(f)))
        )
    return found


def times(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """Least processor time of each call, in microseconds, the calls in turn."""
    least = dict.fromkeys(calls, np.inf)
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            start, n = time.process_time(), 0
            while (spent := time.process_time() - start) < 0.01:
                call()
                n += 1
            least[name] = min(least[name], 1e6 * spent / n)
    return least


def operations(rounds: int) -> dict[str, dict[str, float]]:
    """(gradient - value) / 300 of chains over 10 numbers, by kind of operation."""
    table = {}
    for name, op in models.OPERATIONS.items():
        calls: dict[str, Call] = {}
        for side, (xp, arrays, grad) in sides().items():
            if side.startswith("jax"):
                continue  # its dispatch of 300 operations is another matter
            start = 0.1 if name.startswith("a number") else models.X10
            f, x = models.chain(op(xp, arrays), xp), arrays(start)
            calls[side] = partial(grad(f), x)
            calls[f"{side} value"] = partial(f, x)
        found = times(calls, rounds)
        table[name] = {
            side: (found[side] - found[f"{side} value"]) / models.LENGTH
            for side in found
            if not side.endswith("value")
        }
    return table


def gradients(rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds of a gradient of small models."""
    table = {}
    for name, model in models.MODELS.items():
        calls: dict[str, Call] = {}
        for side, (xp, arrays, grad) in sides().items():
            f, p = model.loss(xp, arrays), arrays(model.params)
            calls[side] = partial(grad(f), p)
        if model.by_hand:
            calls["by hand"] = partial(model.by_hand, model.params)
            expected = model.by_hand(model.params)
            for a, b in zip(calls["fastdl"](), expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)
        table[name] = times(calls, rounds)
    mlp = models.MODELS["MLP 64-100-10, batch 128"]
    f = mlp.loss(np, lambda x: x)
    product = autodiff.hessian_vector_product(f)
    calls = {
        "gradient": lambda: autodiff.grad(f)(mlp.params),
        "product": lambda: product(mlp.params, mlp.params),
    }
    found = times(calls, rounds)
    table["Hessian-vector product, in gradients"] = {"fastdl": found["product"] / found["gradient"]}
    long = models.LARGE["RNN of 1000 steps, 64x32"]
    calls = {
        "all": partial(autodiff.grad(long.loss(np, None)), long.params),
        "pieces": partial(autodiff.grad(long.by_hand), long.params),
    }
    found = times(calls, rounds)
    table["RNN of 1000 steps by checkpoints, in gradients"] = {
        "fastdl": found["pieces"] / found["all"]
    }
    return table


def memory() -> dict[str, dict[str, float]]:
    """Peak megabytes of a gradient."""
    table = {}
    for name, model in models.LARGE.items():
        row = {}
        for side, (xp, arrays, grad) in sides().items():
            if side in ("fastdl", "autograd"):
                f = model.loss(xp, arrays)
                row[side] = peak(partial(grad(f), model.params))
        if model.by_hand:  # here: the same with checkpoints
            row["checkpoint"] = peak(partial(autodiff.grad(model.by_hand), model.params))
        table[name] = row
    return table


def peak(call: Call) -> float:
    """Megabytes that are allocated at once, at most."""
    tracemalloc.start()
    call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def show(title: str, table: dict[str, dict[str, float]]) -> None:
    """A table in Markdown."""
    columns = list(dict.fromkeys(side for row in table.values() for side in row))
    print(f"\n| {title} | {' | '.join(columns)} |\n|{' --- |' * (len(columns) + 1)}")
    for name, row in table.items():
        cells = (f"{row[side]:.3g}" if side in row else "" for side in columns)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main(rounds: int) -> None:
    """The page."""
    show("cost of an operation, us", operations(rounds))
    show("gradient, us", gradients(rounds))
    show("peak memory, MB", memory())
