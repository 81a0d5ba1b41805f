"""Files placed inside an HTML page."""

import base64
import io
import os
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from markupsafe import Markup
from PIL import Image

from epibench.style import RUN_PAGES
from epibench.words import AXES

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)

_NAME = "{model} · {windows} · {loss} · {bin_size} bp · {augmentation} · seed {seed}"
_RUN = re.compile(
    r"{model}/{windows}/{loss}/bin{bin_size}/{augmentation}/seed{seed}".format_map(
        {axis: f"(?P<{axis}>{pattern})" for axis, pattern in AXES.items()}
    )
)
LARGEST_SVG = 150_000
"""Bytes up to which a figure stands in the page as SVG; a larger one as an image of points."""

WIDEST, MOST_COLOURS = 900, 64
"""Width (pixels) and number of colours of images in the page, which is at most 900 pixels wide; the
downloads have 300 dpi and all colours."""


def figure_element(path: Path, prefix: str, title: str, description: str) -> Markup:
    """Give a figure as an element of an HTML page that needs no other file.

    It is the SVG file where that is small; of a larger one, which would slow the page down, the PNG
    file beside it, with no more than `WIDEST` pixels across and `MOST_COLOURS`.

    Parameters
    ----------
    path : Path
        An SVG file that matplotlib wrote, with a PNG file of the same name beside it.
    prefix : str
        Unique in the page.
    title, description : str
        Plain text.
    """
    if path.stat().st_size <= LARGEST_SVG:
        return Markup(inline_svg(path, prefix, title, description))
    with Image.open(path.with_suffix(".png")) as image:
        shown = image.convert("RGB")
    shown.thumbnail((WIDEST, shown.height), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    # Median cut, the default, would draw thin lines in the colours of large areas.
    few = shown.quantize(MOST_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(content, "PNG", optimize=True)
    return Markup(
        '<img id="{}" src="{}" width="{}" height="{}" alt="{}" style="min-width: {}px">'
    ).format(
        prefix,
        data_uri(content.getvalue(), "image/png"),
        *shown.size,
        f"{title}. {description}",
        min(shown.width, 500),
    )


def inline_svg(path: str | Path, prefix: str, title: str, description: str) -> str:
    """Give an SVG file as an element of an HTML page.

    Several of them can stand in one page: every id gets `prefix`, and style rules, which would hold
    for the whole page, become attributes of this element. Title and description are read out. It
    fills the page's width, within bounds in which its text is legible. Marks that link to pages of
    runs name their run; every other link is taken away.

    Parameters
    ----------
    path : path
        An SVG file that matplotlib wrote.
    prefix : str
        Unique in the page.
    title, description : str
        Plain text.
    """
    root = ElementTree.parse(path).getroot()
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        for name, value in element.attrib.items():
            element.set(name, _renamed(name, value, prefix))
        _check_address(element)
    linked = root.find(f".//{{{SVG}}}a") is not None
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    width = float(root.attrib["viewBox"].split()[2])
    root.attrib |= {
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
        "style": f"min-width: {width:.0f}px; max-width: {1.7 * width:.0f}px",
        "role": "group" if linked else "img",  # what is inside an image is not read out
        "aria-labelledby": f"{prefix}-title {prefix}-description",
    }
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{SVG}}}{tag}")
        element.set("id", f"{prefix}-{'title' if tag == 'title' else 'description'}")
        element.text = text
        root.insert(position, element)
    return ElementTree.tostring(root, encoding="unicode")


def share_glyphs(page: str) -> str:
    """Let all figures of a page share the outlines of letters, which each of them brings along.

    Parameters
    ----------
    page : str
        HTML with elements that `inline_svg` made; their prefixes begin with `figure-`.
    """
    names: dict[str, str] = {}

    def once(match: re.Match[str]) -> str:
        if match[1] in names:
            return ""
        names[match[1]] = f"glyph{len(names)}"
        return f'<path id="{names[match[1]]}"{match[2]}/>'

    glyph = r"figure-[\w-]+?-(DejaVu[\w-]+)"
    page = re.sub(rf'<path id="{glyph}"([^>]*?)/>\s*', once, page)

    def short(match: re.Match[str]) -> str:
        place = f' x="{match[2]}"' if match[2] else ""  # the same as to translate by it
        return f'href="#{names[match[1]]}"{place}'

    moved = r'(?: transform="translate\(([\d.]+) 0\)")?'
    return re.sub(rf'xlink:href="#{glyph}"{moved}', short, page)


def data_uri(content: bytes, media_type: str) -> str:
    """Give content as an address that needs no file."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def relative(path: Path, base: Path) -> str:
    """Give the address of a file as seen from the folder of a page."""
    return Path(os.path.relpath(path, base)).as_posix()


def _check_address(element: ElementTree.Element) -> None:
    """Let a link lead to the page of a run, and name it; keep no other address of another file."""
    addresses = [element.attrib.pop(name, None) for name in ("href", f"{{{XLINK}}}href")]
    address = next(filter(None, addresses), "")
    if element.tag != f"{{{SVG}}}a":
        if address.startswith(("#", "data:image/png;")):
            element.set(f"{{{XLINK}}}href", address)
        return
    element.attrib.pop("target", None)
    page = address.removeprefix(f"{RUN_PAGES}/").removesuffix(".html")
    run = _RUN.fullmatch(unquote(page))
    if run is None or address != f"{RUN_PAGES}/{page}.html":
        element.tag = f"{{{SVG}}}g"
        return
    element.set("href", f"runs/{page}.html")
    title = ElementTree.Element(f"{{{SVG}}}title")
    title.text = _NAME.format_map(run.groupdict())
    element.insert(0, title)


def _renamed(name: str, value: str, prefix: str) -> str:
    """Put the prefix before an id, or before the ids that an attribute refers to."""
    if name == "id":
        return f"{prefix}-{value}"
    if name in ("href", f"{{{XLINK}}}href"):
        return re.sub(r"^#", f"#{prefix}-", value)
    return re.sub(r"url\(#", f"url(#{prefix}-", value)
