"""From a list of layers to a program: the network made ready by the core."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl import initializers, losses, optim
from fastdl import layers as L
from fastdl._rules import INPUT_SHAPE, POSITIVE_INTEGER, Rule, is_integer
from fastdl.layers import Layer

if TYPE_CHECKING:
    from fastdl._core import ParameterInfo, Program

_INFINITY = float("inf")


def compile(
    layers: Sequence[Layer],
    input_shape: Sequence[int],
    *,
    dtype: DTypeLike = "float32",
    backend: str | None = None,
    batch_size: int = 64,
    threads: int | None = None,
    seed: int = 0,
    random_state: int | np.random.RandomState | None = None,
    input_gradient: bool = False,
    loss: str | losses.Loss | None = None,
    optimizer: str | optim.Optimizer | None = None,
) -> Program:
    """Make a network ready: check it, infer shapes, plan memory, draw the initial weights.

    Everything that can fail fails here, and names the layer.

    Parameters
    ----------
    layers : list of layers
    input_shape : (int,), (int, int) or (int, int, int)
        Of one sample: (features,), (steps, features) of the longest sequence, or (height, width,
        channels).
    dtype : "float32" or "float64", default="float32"
    backend : str, optional
        As listed by ``python -m fastdl``; None takes ``FASTDL_BACKEND`` or the best one.
    batch_size : int, default=64
        The largest batch.
    threads : int, optional
        As scikit-learn's ``n_jobs``; see `count_threads`.
    seed : int, default=0
        Of the counter-based draws (dropout).
    random_state : int, RandomState or None
        Of the initial weights, drawn in the order of ``program.parameters``.
    input_gradient : bool, default=False
        Whether ``program.backward`` gives the gradient of the input.
    loss, optimizer : str or spec, optional
        Set where given.

    Returns
    -------
    fastdl._core.Program

    Raises
    ------
    ValueError
        For a field out of range, names that meet, shapes that do not fit, an unknown backend.
    TypeError
        For a layer that is none.
    """
    from fastdl import _core

    named = L.with_names(layers)
    program = _core.Program(
        L.to_dict(named),
        tuple(_checked("input_shape", tuple(input_shape), INPUT_SHAPE)),
        dtype=_dtype_name(dtype),
        backend=backend or "",
        batch_size=_checked("batch_size", batch_size, POSITIVE_INTEGER),
        threads=count_threads(threads),
        seed=seed,
        input_gradient=input_gradient,
    )
    draw_weights(program, named, random_state)
    if loss is not None:
        set_loss(program, loss)
    if optimizer is not None:
        set_optimizer(program, optimizer)
    return program


def draw_weights(
    program: Program,
    layers: Sequence[Layer],
    random_state: int | np.random.RandomState | None = None,
) -> None:
    """Give every parameter of a program its initial value, in the order of ``program.parameters``.

    Gains start at 1, shifts at 0, PReLU's alpha at ``alpha_init``, weights and biases as their
    layers say (`fastdl.layers.automatic_initializers`).
    """
    random = random_state
    if not isinstance(random, np.random.RandomState):
        random = np.random.RandomState(random)
    named = L.with_names(layers)
    specs = {layer.name: layer for layer in L.walk(named)}
    automatic = L.automatic_initializers(named)
    for p in program.parameters:
        name = p.name.rpartition(".")[0]
        start = _initializer(p, specs[name], automatic[name])
        value = start.draw(random, tuple(p.shape), p.fan_in, p.fan_out)
        program.set_parameter(p.name, value.astype(program.dtype))


def _initializer(
    p: ParameterInfo, layer: Layer, automatic: initializers.Initializer
) -> initializers.Initializer:
    if isinstance(layer, (L.RecurrentLayer, L.Bidirectional, L.Embedding)):
        return layer.initializer(p.name.rpartition(".")[2].removesuffix("_reverse"))
    if isinstance(layer, L.PReLU):
        return initializers.Constant(layer.alpha_init)
    if p.role in ("gain", "shift"):
        return initializers.Constant(1.0 if p.role == "gain" else 0.0)
    if p.role == "bias":
        return initializers.get(getattr(layer, "bias_init", None) or "zeros", "bias_init")
    return initializers.get(getattr(layer, "weight_init", None) or automatic)


def set_loss(program: Program, loss: str | losses.Loss, *, cap: float = _INFINITY) -> None:
    """Set the loss; of one sample at most `cap` is reported (its gradient is not capped)."""
    spec = losses.get(loss)
    spec.check()
    program.set_loss(spec.kind, spec.param, cap)


def set_optimizer(
    program: Program,
    optimizer: str | optim.Optimizer,
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    weight_decay: float | None = None,
    max_norm: float = _INFINITY,
    clip_value: float = _INFINITY,
    clip_norm: float = _INFINITY,
    lr_multipliers: Sequence[float] | None = None,
) -> None:
    """Set the optimizer and what acts on gradients and weights around it; its state starts anew.

    Parameters
    ----------
    program : Program
    optimizer : str or Optimizer
        For `LBFGS` only the penalties are set; `fastdl.optim.minimize` does the rest.
    l1, l2 : float, default=0.0
        Penalties ``l1 sum |w|`` and ``l2 / 2 sum w^2`` over the weights (not the biases), divided
        by the batch's sum of sample weights, as scikit-learn's alpha.
    weight_decay : float, optional
        Decoupled: ``w <- w - rate weight_decay w``. None: the optimizer's own.
    max_norm : float, default=inf
        After each step the weights into a unit are scaled down to this norm.
    clip_value, clip_norm : float, default=inf
        Limits of each element of the gradient, and of the norm of all of it.
    lr_multipliers : sequence of float, optional
        One for each of ``program.parameters``, times the layer's own.
    """
    spec = optim.get(optimizer)
    spec.check()
    rule = spec.rule()
    if weight_decay is not None:
        rule["weight_decay"] = weight_decay
    program.set_optimizer_rule(
        spec.kind,
        **rule,
        l1=l1,
        l2=l2,
        max_norm=max_norm,
        clip_value=clip_value,
        clip_norm=clip_norm,
        lr_multipliers=lr_multipliers,
    )


def get_state(program: Program) -> dict[str, NDArray[Any]]:
    """Copies of all parameters and states (running statistics) by name, in the user's layout."""
    state = {p.name: program.get_parameter(p.name) for p in program.parameters}
    return {**state, **{s.name: program.get_state(s.name) for s in program.states}}


def set_state(program: Program, state: Mapping[str, NDArray[Any]]) -> None:
    """Put back what `get_state` gave, of this program or one with the same layers.

    Raises
    ------
    ValueError
        If names or shapes do not match; then nothing is changed.
    """
    shapes = {p.name: tuple(p.shape) for p in program.parameters}
    shapes.update({s.name: (s.size,) for s in program.states})
    for name in [*shapes, *state]:
        if name not in state:
            raise ValueError(f"'{name}' of the network is missing in the weights. {_OTHER_NET}")
        if name not in shapes:
            raise ValueError(f"'{name}' of the weights is not in the network. {_OTHER_NET}")
        if np.shape(state[name]) != shapes[name]:
            raise ValueError(
                f"'{name}' has shape {np.shape(state[name])} in the weights, but {shapes[name]} in "
                f"the network. {_OTHER_NET}"
            )
    for p in program.parameters:
        program.set_parameter(p.name, np.asarray(state[p.name], dtype=program.dtype))
    for s in program.states:
        program.set_state(s.name, np.asarray(state[s.name], dtype=program.dtype))


_OTHER_NET = "Weights fit only a network with the layers they were taken from."


def summary(program: Program) -> str:
    """A table of the layers: what each gives and how many parameters it has."""
    rows = [("Layer", "Output shape", "Parameters")]
    for layer in program.layers:
        who = f"{'  ' * layer.depth}{layer.name} ({layer.title})"
        rows.append((who, _shape_text(layer.output_shape), f"{layer.n_parameters:,}"))
    a, b, c = (max(len(row[i]) for row in rows) for i in range(3))
    lines = [f"{who:<{a}}  {shape:<{b}}  {n:>{c}}" for who, shape, n in rows]
    lines.insert(1, "-" * len(lines[0]))
    total = sum(p.size for p in program.parameters)
    fixed = sum(p.size for p in program.parameters if not p.trainable)
    frozen = f", {fixed:,} of them frozen" if fixed else ""
    lines.append(f"Input {_shape_text(program.input_shape)}, {total:,} parameters{frozen}.")
    return "\n".join(lines)


def _shape_text(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def count_threads(n_jobs: int | None) -> int:
    """How many threads to use, by scikit-learn's meaning of ``n_jobs``.

    None is what OpenMP would take now: ``OMP_NUM_THREADS``, threadpoolctl, joblib's limit inside
    its workers and the CPU affinity are obeyed; a container's CPU quota (cgroup) too. -1 is all
    CPUs this process may use, -2 all but one.

    Raises
    ------
    ValueError
        For 0 or anything but an integer.
    """
    from fastdl import _core

    if n_jobs is None:
        return max(1, min(_core.max_threads(), _cgroup_cpus()))
    rule = Rule("None or an integer that is not 0", lambda v: is_integer(v) and v != 0, int)
    count = _checked("n_jobs", n_jobs, rule)
    return int(count if count > 0 else max(1, _cpus() + 1 + count))


def _cpus() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(count, _cgroup_cpus())


def _cgroup_cpus() -> int:
    """The whole CPUs of a container's quota; many where there is none."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, -(-int(quota) // int(period)))
    except (OSError, ValueError):  # no cgroup, or "max"
        return 1 << 16


def _checked(parameter: str, value: Any, rule: Rule) -> Any:
    if not rule.accepts(value):
        raise ValueError(rule.complaint(parameter, value))
    return rule.plain(value)


def _dtype_name(dtype: DTypeLike) -> str:
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in ("float32", "float64"):
        raise ValueError(f"dtype={dtype!r}; expected 'float32' or 'float64'.")
    return name
