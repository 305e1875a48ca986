"""Self-contained HTML pages: rendering of templates, escaped text, and embedded images."""

from __future__ import annotations

import base64
import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .._atomic import atomic_write, write_text
from .._markdown import escape_markdown

if TYPE_CHECKING:
    from jinja2 import Environment

#: Longer side of an embedded image in pixels; larger images are scaled down.
IMAGE_SIDE_PX = 112

#: Quality of embedded JPEG images, up to 100.
JPEG_QUALITY = 82


@dataclasses.dataclass(frozen=True)
class EmbeddedImage:
    """An image for the macro `image`: data URI, text alternative, and size in pixels."""

    source: str
    alt: str
    width: int
    height: int


@dataclasses.dataclass(frozen=True)
class ImageCard:
    """Images with lines of text, for the macro `cards`."""

    images: tuple[EmbeddedImage, ...]
    lines: tuple[str, ...]


def write_page(path: str | Path, make_page: Callable[[], str]) -> Path:
    """Write a page to a file, which appears when it is complete.

    Parameters
    ----------
    path : str or Path
        Its folder must exist.
    make_page : callable
        Returns the page. It is called once the file is known to be writable.

    Returns
    -------
    Path
    """
    path = Path(path)
    with atomic_write(path) as temporary:
        write_text(temporary, make_page())
    return path


def render(template: str, **content: Any) -> str:
    """Render a template of this package; in HTML templates all content is escaped.

    Parameters
    ----------
    template : str
        File name in the folder ``templates``.
    **content
        Variables of the template.

    Returns
    -------
    str
    """
    return _templates().get_template(template).render(**content)


@functools.cache
def _templates() -> Environment:
    """The templates of pages. Each is compiled once per process, which takes longer than filling it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["plain"] = escape_markdown
    templates.filters["sentence_case"] = sentence_case
    return templates


def sentence_case(text: str) -> str:
    """Text with a capital first letter; the rest is unchanged.

    Examples
    --------
    >>> sentence_case("macro-F1")
    'Macro-F1'
    """
    return text[:1].upper() + text[1:]


def embedded_image(pixels: np.ndarray, alt: str, side: int = IMAGE_SIDE_PX) -> EmbeddedImage:
    """An image as a data URI: small ones as PNG, without loss, larger ones scaled down as JPEG.

    Parameters
    ----------
    pixels : ndarray, shape (H, W) or (H, W, 3) uint8
        Grey, or BGR.
    alt : str
        Text alternative.
    side : int, default 112
        Longer side, in pixels, of larger images.

    Returns
    -------
    EmbeddedImage
    """
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        kind = "jpeg"
    else:
        _, data = cv2.imencode(".png", pixels)
        kind = "png"
    source = f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}"
    return EmbeddedImage(source, alt, pixels.shape[1], pixels.shape[0])
