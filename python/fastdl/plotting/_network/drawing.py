"""SVG of parts of a network, and of parts put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from fastdl.plotting._network.text import width_of

GAP = 18.0  # between boxes
_PAD = 9.0
_SIZE, _SMALL = 12.0, 10.0
_INK, _PALE, _LINE = "#1f2430", "#5c6370", "#7a8290"
FILLS = {  # and the line around it
    "weights": ("#dce9fa", "#8fb1de"),
    "recurrent": ("#dcf2e0", "#86bd92"),
    "plain": ("#f1f2f4", "#bcc1c9"),
    "mark": ("#fdebd2", "#dfae68"),
    "end": ("#ffffff", "#7a8290"),
}


class Picture(NamedTuple):
    """SVG of this size, through which the network runs down along x = axis."""

    width: float
    height: float
    axis: float
    svg: str
    begins_with_line: bool = False  # which goes on from the one that leads here


def moved(svg: str, x: float, y: float) -> str:
    """SVG elsewhere."""
    return f'<g transform="translate({x:g},{y:g})">{svg}</g>'


def line(*points: tuple[float, float], arrow: bool = False, dashed: bool = False) -> str:
    """From point to point."""
    path = "M" + "L".join(f"{x:g},{y:g}" for x, y in points)
    more = ' marker-end="url(#arrow)"' if arrow else ""
    more += ' stroke-dasharray="4 3"' if dashed else ""
    return f'<path d="{path}" fill="none" stroke="{_LINE}" stroke-width="1.3"{more}/>'


def text(
    words: str, x: float, y: float, *, size: float = _SIZE, bold: bool = False, pale: bool = False,
    anchor: str = "middle",
) -> str:  # fmt: skip
    """One line of text, its baseline at y."""
    weight = ' font-weight="600"' if bold else ""
    colour = _PALE if pale else _INK
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}" '
        f'text-anchor="{anchor}"{weight}>{escape(words)}</text>'
    )


def box(rows: Sequence[tuple[str, str]], fill: str, hint: str = "") -> Picture:
    """A box of lines of text, each ("bold" "plain" or "small", text); `hint` when pointed at."""
    sizes = {"bold": _SIZE, "plain": _SIZE - 0.5, "small": _SMALL}
    widths = [width_of(words, sizes[kind], bold=kind == "bold") for kind, words in rows]
    width = max([*widths, 60.0]) + 2 * _PAD
    y, parts = 5.0, []
    for kind, words in rows:
        y += sizes[kind] + 2.5
        look = {"size": sizes[kind], "bold": kind == "bold", "pale": kind == "small"}
        parts.append(text(words, width / 2, y, **look))  # type: ignore[arg-type]
    height = y + 7.5
    inside, edge = FILLS[fill]
    frame = f'<rect width="{width:g}" height="{height:g}" rx="6" fill="{inside}" stroke="{edge}"/>'
    about = f"<title>{escape(hint)}</title>" if hint else ""
    return Picture(width, height, width / 2, f"<g>{about}{frame}{''.join(parts)}</g>")


def column(pictures: Sequence[Picture]) -> Picture:
    """One below the other, with arrows between."""
    left = max(p.axis for p in pictures)
    right = max(p.width - p.axis for p in pictures)
    y, parts = 0.0, []
    for i, p in enumerate(pictures):
        if i:
            parts.append(line((left, y), (left, y + GAP), arrow=not p.begins_with_line))
            y += GAP
        parts.append(moved(p.svg, left - p.axis, y))
        y += p.height
    return Picture(left + right, y, left, "".join(parts), pictures[0].begins_with_line)


def framed(inside: Picture, title: str, *, corner: str = "", ends: bool = False) -> Picture:
    """In a frame with a title, the line through it from edge to edge, or ending in it."""
    top = 24.0
    below = 26.0 if ends else 12.0
    on_the_left, on_the_right = width_of(title, _SMALL), width_of(corner, 15.0, bold=True)
    if ends:
        on_the_left -= inside.width - inside.axis  # nothing goes out below
    left = max(_PAD + 4, on_the_left + 2 * _PAD - inside.axis)
    right = max(_PAD + 4, on_the_right + 2 * _PAD - (inside.width - inside.axis))
    width, height = inside.width + left + right, inside.height + top + below
    axis = inside.axis + left
    parts = [
        f'<rect width="{width:g}" height="{height:g}" rx="9" fill="none" stroke="#c4c9d2" '
        'stroke-dasharray="5 4"/>',
        text(title, _PAD, height - 9 if ends else 14, size=_SMALL, pale=True, anchor="start"),
        text(corner, width - _PAD, 19, size=15, bold=True, anchor="end") if corner else "",
        line((axis, 0), (axis, top), arrow=not inside.begins_with_line),
        moved(inside.svg, left, top),
        "" if ends else line((axis, height - below), (axis, height)),
    ]
    return Picture(width, height, axis, "".join(parts), begins_with_line=True)


def branches(paths: Sequence[Picture | None], join: Picture | None) -> Picture:
    """Paths side by side; None is a line. They meet in a plus if `join` is None, else in a box.

    The line runs straight through the first one to a plus, and through the middle to a box.
    """
    space, top = 16.0, 24.0
    pictures = [p or Picture(12, 0, 6, "") for p in paths]
    lefts, width = [], -space
    for p in pictures:
        lefts.append(width + space)
        width += space + p.width
    height = max([*(p.height for p in pictures), 10.0])
    axes = [left + p.axis for left, p in zip(lefts, pictures, strict=True)]
    axis = axes[0] if join is None else (axes[0] + axes[-1]) / 2
    split, meet = 9.0, top + height + (22.0 if join is None else 10.0)
    parts = [line((axis, 0), (axis, split)), line((axes[0], split), (axes[-1], split))]
    for x, left, p, given in zip(axes, lefts, pictures, paths, strict=True):
        if given is not None:
            arrow = not given.begins_with_line
            parts += [line((x, split), (x, top), arrow=arrow), moved(p.svg, left, top)]
        start = split if given is None else top + p.height
        to_plus = join is None and x == axis
        parts.append(line((x, start), (x, meet - 8 if to_plus else meet), arrow=to_plus))
    if join is None:
        parts += [line((x, meet), (axis + 8, meet), arrow=True) for x in axes[1:]]
        circle = f'<circle cx="{axis:g}" cy="{meet:g}" r="8" fill="#fff" stroke="{_LINE}"/>'
        cross = line((axis - 4, meet), (axis + 4, meet)) + line((axis, meet - 4), (axis, meet + 4))
        return Picture(width, meet + 8, axis, "".join([*parts, circle, cross]), True)
    parts.append(line((axes[0], meet), (axes[-1], meet)))
    parts.append(line((axis, meet), (axis, meet + 14), arrow=True))
    parts.append(moved(join.svg, axis - join.axis, meet + 14))
    return _shifted(Picture(width, meet + 14 + join.height, axis, "".join(parts), True), join)


def _shifted(whole: Picture, join: Picture) -> Picture:
    """Wide enough for the box at the end."""
    left = max(0.0, join.axis - whole.axis)
    right = max(0.0, join.width - join.axis - (whole.width - whole.axis))
    if not left and not right:
        return whole
    svg = moved(whole.svg, left, 0)
    return Picture(whole.width + left + right, whole.height, whole.axis + left, svg, True)


def aside(inside: Picture) -> Picture:
    """A line, and beside it what branches off and does not come back."""
    x, top = 22.0, 18.0
    parts = [
        line((0, 0), (0, inside.height + top)),
        line((0, 7), (x + inside.axis, 7), (x + inside.axis, top), dashed=True),
        moved(inside.svg, x, top),
    ]
    return Picture(x + inside.width, inside.height + top, 0, "".join(parts), True)


def document(picture: Picture, title: str, caption: str) -> str:
    """A whole SVG document, on white."""
    edge = 16.0
    wide = max(width_of(title, 14, bold=True), width_of(caption, _SMALL))
    width = max(picture.width, wide) + 2 * edge
    top = edge + 28
    height = picture.height + top + edge + 18
    middle = min(max(picture.axis + (width - picture.width) / 2, wide / 2 + edge), width - edge)
    middle = min(middle, width - edge - wide / 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="Helvetica, Arial, sans-serif">'
        f"<title>{escape(title)}</title>"
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="6.5" '
        f'markerHeight="6.5" orient="auto"><path d="M0,0.5L8,4L0,7.5z" fill="{_LINE}"/></marker>'
        f'</defs><rect width="{width:g}" height="{height:g}" fill="#fff"/>'
        f"{text(title, middle, edge + 10, size=14, bold=True)}"
        f"{moved(picture.svg, (width - picture.width) / 2, top)}"
        f"{text(caption, middle, height - edge + 4, size=_SMALL, pale=True)}</svg>\n"
    )
