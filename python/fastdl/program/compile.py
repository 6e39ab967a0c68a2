"""From a list of layers to a program: the network made ready by the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl import layers as L
from fastdl import losses, optim
from fastdl._rules import INPUT_SHAPE, POSITIVE_INTEGER, choice
from fastdl.layers import Layer
from fastdl.program import gpus
from fastdl.program.threads import checked, count_threads

if TYPE_CHECKING:
    from fastdl._core import Program

_INFINITY = float("inf")
_CONVOLUTION = choice("auto", "direct")
_PRECISION = choice(*gpus.PRECISIONS)


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
    convolution: str = "auto",
    precision: str = "float32",
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
    convolution : {"auto", "direct"}, default="auto"
        "auto" lets most 3x3 convolutions of float32 go by Winograd's algorithm, which is up to
        three times as fast, with an error relative to the largest value of a tile of 6x6 pixels;
        "direct" keeps all of them exact and local (docs/environment.md).
    precision : {"float32", "tf32", "bf16"}, default="float32"
        How a GPU multiplies float32 (docs/cuda.md).
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
    named = L.with_names(layers)
    program = make(
        named,
        input_shape,
        dtype=dtype,
        backend=backend,
        batch_size=batch_size,
        threads=count_threads(threads),
        seed=seed,
        input_gradient=input_gradient,
        convolution=convolution,
        precision=precision,
    )
    draw_weights(program, named, random_state)
    if loss is not None:
        set_loss(program, loss)
    if optimizer is not None:
        set_optimizer(program, optimizer)
    return program


def make(
    layers: Sequence[Layer],
    input_shape: Sequence[int],
    *,
    dtype: DTypeLike,
    batch_size: int,
    threads: int,
    backend: str | None = None,
    seed: int = 0,
    input_gradient: bool = False,
    convolution: str = "auto",
    precision: str = "float32",
) -> Program:
    """`compile` of layers with names, without weights: for those that are at hand.

    Raises
    ------
    MemoryError
        Where there is no room for it: with the bytes by purpose.
    """
    from fastdl import _core

    plain, shape = (
        L.to_dict(layers),
        tuple(checked("input_shape", tuple(input_shape), INPUT_SHAPE)),
    )
    name, size = dtype_name(dtype), checked("batch_size", batch_size, POSITIVE_INTEGER)
    with gpus.room(
        backend or "", lambda: _core.survey(plain, shape, dtype=name, batch_size=size)[2]
    ):
        return _core.Program(
            plain,
            shape,
            dtype=name,
            backend=backend or "",
            batch_size=size,
            threads=threads,
            seed=seed,
            input_gradient=input_gradient,
            convolution=checked("convolution", convolution, _CONVOLUTION),
            precision=checked("precision", precision, _PRECISION),
        )


def draw_weights(
    program: Program,
    layers: Sequence[Layer],
    random_state: int | np.random.RandomState | None = None,
) -> None:
    """Give every parameter of a program its initial value, in the order of ``program.parameters``.

    Each as its layer says (``Layer.initializer``), which for weights may depend on the layers that
    follow (`fastdl.layers.automatic_initializers`).
    """
    random = random_state
    if not isinstance(random, np.random.RandomState):
        random = np.random.RandomState(random)
    named = L.with_names(layers)
    specs = {layer.name: layer for layer in L.walk(named)}
    automatic = L.automatic_initializers(named)
    drawn: dict[str, dict[str, NDArray[Any]]] = {}
    for p in program.parameters:
        name, _, what = p.name.rpartition(".")
        of_layer = drawn.setdefault(name, {})
        value = specs[name].start_of(what, of_layer)
        if value is None:
            start = specs[name].initializer(what.removesuffix("_reverse"), p.role, automatic[name])
            value = start.draw(random, tuple(p.shape), p.fan_in, p.fan_out)
        of_layer[what] = value
        program.set_parameter(p.name, value.astype(program.dtype))


def set_loss(program: Program, loss: str | losses.Loss, *, cap: float = _INFINITY) -> None:
    """Set the loss; of one sample at most `cap` is reported (its gradient is not capped)."""
    spec = losses.get(loss)
    spec.check()
    if isinstance(spec, losses.Custom):
        from fastdl.program.own_loss import OwnLoss  # with fastdl.autodiff, which few programs need

        program.set_own_loss(OwnLoss(spec), spec.codes)
    else:
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
    decay_multipliers: Sequence[float] | None = None,
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
    decay_multipliers : sequence of float, optional
        Of the decoupled decay, one for each of ``program.parameters``; the parameters' rates then
        have no say in it. None: weights decay with their rate, nothing else does.
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
        decay_multipliers=decay_multipliers,
    )


def dtype_name(dtype: DTypeLike) -> str:
    """The name of a type of weights: float32 or float64; ValueError for any other."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in ("float32", "float64"):
        raise ValueError(f"dtype={dtype!r}; expected 'float32' or 'float64'.")
    return name
