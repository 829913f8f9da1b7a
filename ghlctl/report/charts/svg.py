"""SVG elements as text. Everything is escaped here, and no coordinate is ever NaN."""

import math

from markupsafe import Markup, escape

from ghlctl.report.visible import one_line

Attribute = str | float


def element(name: str, *children: Markup, **attributes: Attribute) -> Markup:
    """`name` with its attributes; `class_` stands for class and `a_b` for a-b."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key.strip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
    )
    inner = Markup("").join(children)
    tag = Markup(name)  # noqa: S704 - names of elements are written in this package only
    return Markup("<{0}{1}>{2}</{0}>").format(tag, written, inner)


def text(content: str, x: float, y: float, **attributes: Attribute) -> Markup:
    return element("text", escape(one_line(content)), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: Attribute) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def picture(
    *children: Markup, id_: str, size: tuple[float, float], title: str, description: str
) -> Markup:
    """A whole image of `size` units with the words that stand for it where it cannot be seen."""
    width, height = size
    return element(
        "svg",
        element("title", escape(one_line(title)), id=f"{id_}-title"),
        element("desc", escape(one_line(description)), id=f"{id_}-desc"),
        *children,
        role="img",
        aria_labelledby=f"{id_}-title {id_}-desc",
        viewBox=f"0 0 {coordinate(width)} {coordinate(height)}",
        width=width,
        height=height,
    )


def path(points: list[list[tuple[float, float]]]) -> str:
    """Strokes of points as path commands; a stroke of one point becomes a dot."""
    return " ".join(_stroke(stroke) for stroke in points if stroke)


def coordinate(value: float) -> str:
    """One decimal, no exponent; a number that is none would be a defect of the caller."""
    if not math.isfinite(value):
        raise ValueError(f"no coordinate: {value!r}")
    text_ = f"{value:.1f}".removesuffix(".0")
    return "0" if text_ == "-0" else text_


def _stroke(points: list[tuple[float, float]]) -> str:
    pairs = [f"{coordinate(x)} {coordinate(y)}" for x, y in points]
    return f"M{pairs[0]}" + (f"L{' '.join(pairs[1:])}" if len(pairs) > 1 else "h0")


def _value(value: Attribute) -> str:
    return value if isinstance(value, str) else coordinate(value)
