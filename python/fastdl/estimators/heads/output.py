"""The output layer, which comes from y."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fastdl import layers as L
from fastdl._warn import warn
from fastdl.fitting.targets import Targets
from fastdl.layers import Layer
from fastdl.program import output_shape


def with_output(
    hidden: Sequence[Layer], input_shape: tuple[int, ...], n_outputs: int
) -> list[Layer]:
    """The hidden layers, flattened if need be, and a dense layer for y.

    Of sequences, the last step is taken.
    """
    form = L.gives(hidden, L.form_of(input_shape))
    to_rows: dict[str | None, list[Layer]] = {"rows": [], "sequences": [L.LastStep()]}
    return [*hidden, *to_rows.get(form, [L.Flatten()]), L.Dense(n_outputs, name="output")]


def with_answers(
    who: str,
    hidden: Sequence[Layer],
    input_shape: tuple[int, ...],
    targets: Targets,
    *,
    always: bool = False,
) -> list[Layer]:
    """The hidden layers, and an output layer for each sample, step or pixel.

    A linear last layer of as many outputs is the output layer itself, and so is, for images of
    numbers, whatever gives images of their shape.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    hidden : sequence of layers
    input_shape : tuple of int
        Of one sample.
    targets : Targets
    always : bool, default=False
        Whether there is a new output layer in any case.

    Raises
    ------
    ValueError
        If the layers give nothing for each of them.
    """
    if targets.of == "pixels":
        return _with_pixels(who, hidden, input_shape, targets, always)
    hidden = list(hidden)
    if targets.of == "steps":
        hidden = with_steps(who, hidden)
        check_all_steps(who, hidden, input_shape)
    if hidden and not always and _is_dense(hidden[-1], targets.n_outputs):
        form = L.gives(hidden, L.form_of(input_shape))
        if form == ("sequences" if targets.of == "steps" else "rows"):
            return hidden
    if targets.of == "steps":
        return [*hidden, L.Dense(targets.n_outputs, name="output")]
    return with_output(hidden, input_shape, targets.n_outputs)


def check_all_steps(who: str, hidden: Sequence[Layer], input_shape: tuple[int, ...]) -> None:
    """Raise where layers over time leave fewer steps than X has."""
    given = output_shape(hidden, input_shape)
    if given[0] != input_shape[0]:
        raise ValueError(
            f"{who}: y has a value for every step, but the layers make {given[0]} of "
            f'{input_shape[0]} steps. Use stride 1 and padding="same" or "causal" in layers over '
            "time."
        )


def _is_dense(layer: Layer, n_outputs: int) -> bool:
    return layer.linear and layer.get_params().get("units") == n_outputs


def with_steps(who: str, hidden: Sequence[Layer]) -> list[Layer]:
    """The layers, those that are recurrent giving their state after every step."""

    def visit(layer: Layer) -> Layer:
        layer = layer.map(visit)
        if "return_sequences" not in layer.get_params():
            return layer
        return layer.replace(return_sequences=True)

    every = [visit(layer) for layer in hidden]
    if L.gives(every, "sequences") not in ("sequences", None):  # else as told
        raise ValueError(
            f"{who}: y has a value for every step, but the layers give one for each sequence. "
            "Leave out what brings the steps together (LastStep, GlobalAvgPool, GlobalMaxPool, "
            "Flatten), or pass one value of y for each sequence."
        )
    return every


def _with_pixels(
    who: str, hidden: Sequence[Layer], input_shape: tuple[int, ...], targets: Targets, always: bool
) -> list[Layer]:
    """Of images, a 1x1 convolution gives the answers; of rows, a dense layer all of them."""
    height, width = targets.shape[:2]
    shape, n_outputs = (height, width, targets.n_outputs), targets.n_outputs
    given = output_shape(hidden, input_shape)
    if len(given) == 1:
        dense = [L.Dense(height * width * n_outputs, name="output")]
        return [*hidden, *dense, L.Reshape(shape, name="image")]
    if given[:2] != shape[:2]:
        raise ValueError(
            f"{who}: the layers give images of {given[0]}x{given[1]}, but those of y have "
            f'{height}x{width}. Convolve with padding="same", come back to the size with '
            "Upsample2D or Conv2DTranspose, or pass y of that size."
        )
    if gives_pixels(hidden, input_shape, targets) and not always:
        return list(hidden)
    return [*hidden, L.Conv2D(n_outputs, 1, name="output")]


def gives_pixels(hidden: Sequence[Layer], input_shape: tuple[int, ...], targets: Targets) -> bool:
    """Whether what these layers give are the answers for all pixels."""
    if not hidden or not (hidden[-1].linear or targets.kind == "continuous"):
        return False
    return output_shape(hidden, input_shape) == (*targets.shape[:2], targets.n_outputs)


def warn_of_two_outputs(name: str, layers: Sequence[Layer], sizes: Collection[int]) -> None:
    """Warn of hidden layers that end as an output layer does: one comes after them by itself.

    Parameters
    ----------
    name : str
        The estimator.
    layers : sequence of layers
        All of them.
    sizes : collection of int
        The numbers of outputs that y may be meant to have.
    """
    *hidden, output = [layer for layer in layers if layer.kind != "flatten"]
    fields = [layer.get_params() for layer in hidden[-2:]]
    function = fields[-1].get("function") if fields else None
    is_output = len(fields) > 1 and fields[0].get("units") in sizes
    if output.name == "output" and (function == "softmax" or (function == "sigmoid" and is_output)):
        warn(
            f"{name}: the last of layers is Activation({function!r}), but an output layer comes "
            "after it by itself, and its function with the loss. Leave it out"
            f"{', and the Dense before it' if is_output else ''}."
        )
