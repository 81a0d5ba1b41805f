"""Files placed inside an HTML page."""

import base64
import os
import re
from pathlib import Path
from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


def inline_svg(path: str | Path, prefix: str, title: str, description: str) -> str:
    """Give an SVG file as an element of an HTML page.

    Several of them can stand in one page: every id gets `prefix`, and style rules, which would hold
    for the whole page, become attributes of this element. Title and description are read out. It
    fills the page's width, within bounds in which its text is legible.

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
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    width = float(root.attrib["viewBox"].split()[2])
    root.attrib |= {
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
        "style": f"min-width: {width:.0f}px; max-width: {1.7 * width:.0f}px",
        "role": "img",
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


def _renamed(name: str, value: str, prefix: str) -> str:
    """Put the prefix before an id, or before the ids that an attribute refers to."""
    if name == "id":
        return f"{prefix}-{value}"
    if name in ("href", f"{{{XLINK}}}href"):
        return re.sub(r"^#", f"#{prefix}-", value)
    return re.sub(r"url\(#", f"url(#{prefix}-", value)
