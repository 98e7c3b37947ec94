"""A picture as part of an HTML page: an SVG without anything that only a file of its own needs."""

import re
from typing import Final

from quantmill.core.panels import Picture
from quantmill.core.pictures import draw
from quantmill.reports.markup import Html, element

__all__ = ["inline_svg"]

_BEFORE: Final = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_SIZE: Final = re.compile(r' (?:width|height)="[0-9.]+pt"')
_NAMED: Final = re.compile(r'( id="|url\(#|href="#)')
_OUTLINE: Final = re.compile(r'(?<= d=")[^"]*')
_LONG: Final = re.compile(r"-?\d+\.\d{3,}")
_BLANKS: Final = re.compile(r">\s+<")


def inline_svg(picture: Picture, *, name: str, words: str) -> Html:
    """A picture as an `svg` element that fits the width of its place.

    Args:
        picture: What is drawn.
        name: Letters; begins the names inside, which must differ between the pictures of a page.
        words: What is shown, for those who do not see it.
    """
    text = draw(picture, "svg").decode()
    for pattern in (_BEFORE, _METADATA, _COMMENT):
        text = pattern.sub("", text)
    text = _SIZE.sub("", text, count=2)
    text = _NAMED.sub(rf"\1{name}-", text)
    # A hundredth of a point is less than anybody sees, and half the size.
    text = _OUTLINE.sub(lambda path: _LONG.sub(_rounded, path.group()), text)
    text = _BLANKS.sub("><", text).strip()
    return element("div", Html(text), class_="picture", role="img", aria_label=words)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")
