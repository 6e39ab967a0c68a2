"""A network's elements as pictures."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.plotting._network.drawing import (
    GAP,
    Picture,
    aside,
    box,
    branches,
    column,
    framed,
    line,
    moved,
    text,
)
from fastdl.plotting._network.graph import Box, Branches, Element, Group, Repeated, first_name
from fastdl.plotting._network.text import count_text, described, shape_text

_MARKED = ("code", "output", "reconstruction")  # names of what a network is made for


def drawn(found: Sequence[Element]) -> Picture:
    """Elements one after the other."""
    return column([_picture(element) for element in found])


def _picture(element: Element) -> Picture:
    if isinstance(element, Box):
        return _box(element)
    if isinstance(element, Repeated):
        names = f"{first_name(element)} to {element.last}"
        return framed(drawn(element.inside), names, corner=f"× {element.times}")
    whole = _branches(element) if isinstance(element, Branches) else _group(element)
    return whole if element.after is None else column([whole, _box(element.after)])


def _group(element: Group) -> Picture:
    if element.layer.kind == "decoder":
        return _decoder(element)
    inside = drawn(element.inside)
    if element.layer.side:
        weight = element.layer.get_params().get("weight", 1.0)
        title = f"{element.info.name}: in training, its loss times {weight:g}"
        return aside(framed(inside, title, ends=True))
    return framed(inside, f"{element.info.name} ({element.info.title})")


def _box(element: Box) -> Picture:
    (first, *others), infos = element.layers, element.infos
    rows = [("bold", described(first))]
    if others:
        rows.append(("plain", ", ".join(map(described, others))))
    size = shape_text(infos[-1].output_shape)
    n_parameters = sum(info.n_parameters for info in infos)
    about = [infos[0].name, size, *([count_text(n_parameters)] if n_parameters else [])]
    rows.append(("small", "  ·  ".join(about)))
    hint = "\n".join(
        f"{info.name}: {layer!r}, {shape_text(info.input_shape)} to "
        f"{shape_text(info.output_shape)}, {info.n_parameters:,} parameters"
        for layer, info in zip(element.layers, infos, strict=True)
    )
    return box(rows, _fill(element), hint)


def _fill(element: Box) -> str:
    if any(info.name in _MARKED for info in element.infos):
        return "mark"
    inner = list(L.walk(element.layers))
    if any(layer.recurrent for layer in inner):
        return "recurrent"
    weighted = any(layer.has_weights for layer in inner)
    return "weights" if weighted or element.infos[0].n_parameters else "plain"


def _branches(element: Branches) -> Picture:
    paths = [drawn(path) if path else None for path in element.paths]
    if element.layer.joins == "add":
        return branches(paths, None)
    size = shape_text(element.info.output_shape)
    what = "side by side" if element.layer.joins == "concat" else element.info.title
    return branches(
        paths, box([("bold", element.info.name), ("small", f"{what}  ·  {size}")], "plain")
    )


def _decoder(element: Group) -> Picture:
    """Its layers below each other; the encoder's states come to them from the left.

    They make the first state of each recurrent layer, and attention looks at all of them.
    """
    boxes = [part for part in element.inside if isinstance(part, Box)]
    starts = [part for part in boxes if _is_start(part.layers[0], boxes)]
    main = [part for part in boxes if part not in starts]
    pictures, tops, y = [_box(part) for part in main], [], 0.0
    for p in pictures:
        tops.append(y)
        y += p.height + GAP
    whole = column(pictures)
    first = [_box(part) for part in starts]
    indent = 20.0
    x = indent + max((p.width for p in first), default=0.0) + 26
    parts, lowest = [moved(whole.svg, x, 0)], 0.0
    recurrent = [i for i, part in enumerate(main) if part.layers[0].recurrent]
    for p, i in zip(first, recurrent, strict=False):
        beside = pictures[i]
        middle = tops[i] + beside.height / 2
        left = x + whole.axis - beside.axis
        parts.append(moved(p.svg, indent, middle - p.height / 2))
        parts.append(line((0, middle), (indent, middle), arrow=True))
        parts.append(line((indent + p.width, middle), (left, middle), arrow=True))
        lowest = max(lowest, middle)
    for i, part in enumerate(main):
        if part.layers[0].kind == "attention":
            lowest = tops[i] + pictures[i].height / 2
            parts.append(line((0, lowest), (x + whole.axis - pictures[i].axis, lowest), arrow=True))
    parts.append(line((0, -24), (0, lowest)))
    right, before = x + whole.width + 16, pictures[0]
    from_, to = tops[-1] + pictures[-1].height / 2, before.height / 2
    parts.append(
        line(
            (x + whole.axis + pictures[-1].width / 2, from_),
            (right, from_),
            (right, to),
            (x + whole.axis + before.width / 2, to),
            arrow=True,
            dashed=True,
        )
    )
    parts.append(
        text("the symbol before", right + 6, (from_ + to) / 2, size=10, pale=True, anchor="start")
    )
    inside = Picture(right + 100, whole.height, 0, "".join(parts))
    steps = element.layer.get_params().get("steps")
    return _frame_of_decoder(inside, f"{element.info.name}: {steps} steps at most")


def _is_start(layer: Layer, boxes: Sequence[Box]) -> bool:
    """Whether it makes the first state of a recurrent layer: a Dense that is not the last."""
    return layer.kind == "dense" and layer is not boxes[-1].layers[0]


def _frame_of_decoder(inside: Picture, title: str) -> Picture:
    edge = 14.0
    width, height = inside.width + 2 * edge, inside.height + 36
    rect = (
        f'<rect width="{width:g}" height="{height:g}" rx="9" fill="none" stroke="#c4c9d2" '
        'stroke-dasharray="5 4"/>'
    )
    words = text(title, edge + 8, 15, size=10, pale=True, anchor="start")
    svg = rect + words + moved(inside.svg, edge, 24)
    return Picture(width, height, edge, svg, begins_with_line=True)
