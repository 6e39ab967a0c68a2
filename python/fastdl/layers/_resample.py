"""Layers that pad, crop, resize and turn images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fastdl._rules import FLAG, NUMBER, PAIR, POSITIVE, SIDES, Rule, choice, is_integer, optional
from fastdl.layers._spec import Form, Layer


class _Moved(Layer):
    """Pixels stand at other places than those they come from."""

    forms: ClassVar[Mapping[Form, Form]] = {"images": "images"}

    @property
    def neighbourhood(self) -> None:
        """None: the pixel at the same place is another one."""


@dataclass(frozen=True, repr=False)
class Pad2D(_Moved):
    """An image with more around it.

    Input (h, w, c), output (top + h + bottom, left + w + right, c).

    Parameters
    ----------
    padding : int, (int, int) or ((int, int), (int, int)), default=1
        On all sides; (height, width); or ((top, bottom), (left, right)).
    mode : {"constant", "reflect", "edge", "wrap"}, default="constant"
        What stands there: `value`; the mirror image, whose axis is the outermost pixel; that pixel;
        or the other end of the image. They go on as far as is needed, as in ``numpy.pad``.
    value : float, default=0.0
        Of "constant".
    name : str, optional
    """

    kind: ClassVar[str] = "pad2d"
    padding: int | Sequence[int] | Sequence[Sequence[int]] = 1
    mode: str = "constant"
    value: float = 0.0
    rules: ClassVar[Mapping[str, Rule]] = {
        "padding": SIDES,
        "mode": choice("constant", "reflect", "edge", "wrap"),
        "value": NUMBER,
    }

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """What was put around it is taken away."""
        (top, bottom), (left, right) = self.sides
        return Crop2D(((top, bottom), (left, right)))

    @property
    def sides(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """((top, bottom), (left, right))."""
        top, bottom, left, right = SIDES.plain(self.padding)
        return (top, bottom), (left, right)


@dataclass(frozen=True, repr=False)
class Crop2D(_Moved):
    """An image without its outer rows and columns.

    Input (h, w, c), output (h - top - bottom, w - left - right, c).

    Parameters
    ----------
    cropping : int, (int, int) or ((int, int), (int, int)), default=1
        On all sides; (height, width); or ((top, bottom), (left, right)).
    name : str, optional
    """

    kind: ClassVar[str] = "crop2d"
    cropping: int | Sequence[int] | Sequence[Sequence[int]] = 1
    rules: ClassVar[Mapping[str, Rule]] = {"cropping": SIDES}

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """Zeros where something was taken away."""
        (top, bottom), (left, right) = self.sides
        return Pad2D(((top, bottom), (left, right)))

    @property
    def sides(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """((top, bottom), (left, right))."""
        top, bottom, left, right = SIDES.plain(self.cropping)
        return (top, bottom), (left, right)


@dataclass(frozen=True, repr=False)
class Resize2D(_Moved):
    """An image in another size. Input (h, w, c), output (size[0], size[1], c).

    Output i of an axis lies at ``(i + 1/2) / scale - 1/2`` of the input, ``scale = output / input``
    unless it is given. The words are those of ONNX's Resize, version 19. `Upsample2D` is quicker
    where whole numbers of pixels are made of one.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the output.
    interpolation : {"bilinear", "nearest", "bicubic"}, default="bilinear"
        Between 2, 1 or 4 pixels along each axis; bicubic is Keys' convolution (1981).
    coordinates : {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", \
"asymmetric"}, default="half_pixel"
        Where outputs lie. "align_corners": ``i (input - 1) / (output - 1)``; "asymmetric":
        ``i / scale``; the other two differ from "half_pixel" where ``input * scale`` is no whole
        number, and in outputs of one pixel.
    rounding : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}
        Which pixel is the nearest; "round_prefer_floor" by default.
    cubic : float, default=-0.75
        The slope of bicubic's kernel at 1.
    exclude_outside : bool, default=False
        Pixels beyond the image have no weight; else they are as the outermost.
    antialias : bool, default=False
        Where the image becomes smaller, more pixels are averaged; not with "nearest".
    height_scale, width_scale : float, optional
        None: output / input.
    name : str, optional
    """

    kind: ClassVar[str] = "resize2d"
    size: int | Sequence[int]
    interpolation: str = "bilinear"
    coordinates: str = "half_pixel"
    rounding: str = "round_prefer_floor"
    cubic: float = -0.75
    exclude_outside: bool = False
    antialias: bool = False
    height_scale: float | None = None
    width_scale: float | None = None
    rules: ClassVar[Mapping[str, Rule]] = {
        "size": PAIR,
        "interpolation": choice("bilinear", "nearest", "bicubic"),
        "coordinates": choice(
            "half_pixel",
            "half_pixel_symmetric",
            "pytorch_half_pixel",
            "align_corners",
            "asymmetric",
        ),
        "rounding": choice("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
        "cubic": NUMBER,
        "exclude_outside": FLAG,
        "antialias": FLAG,
        "height_scale": optional(POSITIVE),
        "width_scale": optional(POSITIVE),
    }

    def check(self) -> None:
        super().check()
        if self.antialias and self.interpolation == "nearest":
            raise ValueError(
                f"{self.who}: antialias=True averages pixels, but interpolation='nearest' takes "
                "one as it is. Choose 'bilinear' or 'bicubic', or leave antialias out."
            )


def _is_order(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and all(map(is_integer, value))
        and sorted(int(v) for v in value) == [0, 1, 2]
    )


@dataclass(frozen=True, repr=False)
class Transpose(_Moved):
    """The axes of an image in another order, as ``numpy.transpose`` puts them.

    Input (h, w, c); axis i of the output is axis ``axes[i]`` of the input.

    Parameters
    ----------
    axes : (int, int, int)
        0 is the height, 1 the width, 2 the channels.
    name : str, optional
    """

    kind: ClassVar[str] = "transpose"
    axes: Sequence[int]
    rules: ClassVar[Mapping[str, Rule]] = {
        "axes": Rule("0, 1 and 2 in some order", _is_order, lambda v: [int(i) for i in v])
    }

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The axes back in their places."""
        return Transpose(tuple(list(self.axes).index(i) for i in range(3)))
