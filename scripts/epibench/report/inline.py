"""Files placed inside an HTML page."""

import base64
import os
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

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
