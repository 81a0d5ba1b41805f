"""One look for every figure: fonts, colours, sizes, label placement, and how files are written."""

import io
from pathlib import Path
from textwrap import fill
from typing import NamedTuple
from urllib.parse import quote

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from PIL import Image

from epibench.files import whole
from epibench.words import AUGMENTATIONS, LOSSES

FULL_WIDTH = 7.1
"""Width in inches of a two-column figure (180 mm)."""

INK, MUTED, GRID = "#1f2428", "#667078", "#e4e7ea"

MARKER_RADIUS = 2.8
"""Space that a label leaves to the centre of a point, in points."""

# Okabe and Ito's palette without black and yellow: distinct for colour-blind readers. The marker
# repeats what the colour says, for print in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
LOSS_COLOURS = dict(zip(LOSSES, (*COLOURS, "#56B4E9", "#7d8890", "#8c564b"), strict=True))
LOSS_MARKERS = dict(zip(LOSSES, _MARKERS, strict=True))
_MORE = ("#56B4E9", "#CC79A7", "#D55E00")
AUGMENTATION_COLOURS = dict(
    zip(AUGMENTATIONS, ("#7d8890", "#0072B2", "#E69F00", "#009E73", *_MORE), strict=True)
)
CONTRAST = "#D55E00"
"""Stands out from every shade of `SEQUENTIAL`."""
SHAPES = (*_MARKERS, "h", "<", ">", "*")
"""Markers for what has no order, in the order of use."""

SEQUENTIAL = LinearSegmentedColormap.from_list(
    "epibench", ["#f1f6f8", "#c3dbe6", "#7fb4cd", "#3a86ac", "#15577f", "#0a2f4d"]
)
"""Light to dark in one hue, so that it also reads in grey."""

DIVERGING = LinearSegmentedColormap.from_list(
    "epibench_diverging",
    ["#5c2900", "#D55E00", "#f4b183", "#ffffff", "#8fc1e3", "#0072B2", "#00263d"],
)
"""Orange below and blue above a white middle, which colour-blind readers tell apart."""

RC = {
    "text.parse_math": False,  # a name may hold dollar signs
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 7.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "lines.linewidth": 0.9,
    "lines.markersize": 4.5,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "savefig.dpi": 300,
    "svg.fonttype": "path",  # letters as outlines: no font of the reader's machine is needed
    "pdf.fonttype": 42,  # letters that other programs can edit
    "svg.hashsalt": "epibench",  # the same figure gives the same bytes
}

styled = mpl.rc_context(RC)
"""Decorator: draw a figure with this module's settings and leave matplotlib's own as they were."""


RUN_PAGES = "../../report/runs"
"""Folder of the pages of runs, as seen from the folder of an experiment's figure."""


class Label(NamedTuple):
    """A text beside a point in data coordinates, in the point's colour."""

    x: float
    y: float
    text: str
    colour: str


@styled
def save(figure: Figure, folder: str | Path, name: str = "figure") -> None:
    """Write `<name>.svg`, `.pdf` and `.png` (300 dpi) into `folder`, each whole or not at all.

    Two calls with the same figure write the same bytes: no date is stored.
    """
    with whole(Path(folder) / f"{name}.svg") as path:
        figure.savefig(path, format="svg", metadata={"Date": None})
    with whole(Path(folder) / f"{name}.pdf") as path:
        figure.savefig(path, format="pdf", metadata={"CreationDate": None})
    with whole(Path(folder) / f"{name}.png") as path:
        figure.savefig(path, format="png")


@styled
def png_bytes(figure: Figure, dpi: int) -> bytes:
    """Give a figure as a PNG of 256 colours, a third of the size, for a page that holds it."""
    drawn, content = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    Image.open(drawn).convert("RGB").quantize(256).save(content, format="png", optimize=True)
    return content.getvalue()


def link_run(artist: Artist, run: str) -> None:
    """Make a mark of one run a link to the run's page, in SVG files.

    PNG and PDF files hold no such links.

    Parameters
    ----------
    artist : Artist
        Marks of that run alone: a line with its markers, or a patch.
    run : str
        Its name; "": the mark stands for several runs and becomes no link.
    """
    if run:
        artist.set_url(f"{RUN_PAGES}/{quote(run)}.html")


def widen(axes: Axes, *, x: float = 0, y: float = 0) -> None:
    """Widen the limits to at least these spans, so that differences without meaning look small."""
    for (low, high), least, limit in (
        (axes.get_xlim(), x, axes.set_xlim),
        (axes.get_ylim(), y, axes.set_ylim),
    ):
        more = max(0.0, least - (high - low)) / 2
        limit(low - more, high + more)


def note_below(axes: Axes, text: str, width: int = 90) -> None:
    """Write a small remark under a panel, in lines of at most `width` letters."""
    axes.annotate(
        fill(text, width),
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, -34),
        textcoords="offset points",
        va="top",
        fontsize=6,
        color=MUTED,
    )


def darker(colour: str, factor: float = 0.7) -> tuple[float, ...]:
    """Give a darker shade, for text in the colour of a marker."""
    return tuple(factor * channel for channel in to_rgb(colour))


def text_colour(background: tuple[float, ...]) -> str:
    """Choose dark or white text, whichever contrasts more with the (r, g, b, ...) background."""
    luminance = np.dot(np.power(background[:3], 2.2), (0.2126, 0.7152, 0.0722))
    return INK if luminance > 0.22 else "white"


def place_labels(axes: Axes, labels: list[Label], points: np.ndarray, size: float = 6) -> None:
    """Write each label near its point where it hides no other label, point or line.

    The figure's layout must be final: places are chosen in pixels, the labels of crowded points
    first. A label that found no place beside its point is joined to it by a thin line.

    Parameters
    ----------
    axes : Axes
        The panel, with final limits.
    labels : list of Label
        What to write, at most a few dozen.
    points : float, shape (points, 2)
        Data coordinates of everything that labels should not cover.
    size : float
        Of the text, in points.
    """
    if not labels:
        return
    renderer = FigureCanvasAgg(axes.figure).get_renderer()
    pixel = axes.figure.dpi / 72
    frame = axes.get_window_extent(renderer).extents
    anchors = axes.transData.transform([(label.x, label.y) for label in labels])
    markers = _boxes(axes.transData.transform(points), np.full(2, MARKER_RADIUS * pixel))
    texts = np.empty((0, 4))
    gaps = np.sort(np.linalg.norm(anchors[:, None] - anchors[None], axis=2), axis=1)
    for index in np.argsort(gaps[:, :4].sum(axis=1)):
        note = _annotate(axes, labels[index], size)
        half = Text.get_window_extent(note, renderer).size / 2 + (0.5 * pixel, 0)
        offset, line = _best_offset(anchors[index], half, markers, texts, frame, pixel)
        note.set_position(offset / pixel)
        note.arrow_patch.set_visible(line is not None)
        texts = np.vstack([texts, _boxes(anchors[index] + offset[None], half)])
        markers = markers if line is None else np.vstack([markers, line])


def _annotate(axes: Axes, label: Label, size: float) -> Annotation:
    """Write a label on its point, with a line that shows once the text has been moved away."""
    line = {"arrowstyle": "-", "color": label.colour, "lw": 0.5, "shrinkA": 0, "shrinkB": 2}
    return axes.annotate(
        label.text,
        (label.x, label.y),
        textcoords="offset points",
        xytext=(0, 0),
        ha="center",
        va="center",
        fontsize=size,
        color=darker(label.colour),
        arrowprops=line,
        bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.2},
    )


def _best_offset(anchor, half, markers, texts, frame, pixel):
    """Choose where a label goes: near, inside the frame, on no text, and on few markers and lines.

    All arguments are in pixels; boxes are (n, 4). Gives the offset of the label's centre, and the
    boxes along the line that joins it to its point (None where it stands beside it).
    """
    angles = np.deg2rad(np.arange(0, 360, 15))
    gaps, angles = map(np.ravel, np.meshgrid(np.arange(3, 48, 2.5) * pixel, angles, indexing="ij"))
    offsets = np.column_stack([np.cos(angles), np.sin(angles)]) * (half + gaps[:, None])
    boxes = _boxes(anchor + offsets, half)
    joined = gaps > 6 * pixel
    steps = np.linspace(0.25, 0.8, 8)[:, None]
    lines = np.stack([_boxes(anchor + steps * way, np.full(2, 0.4 * pixel)) for way in offsets])
    outside = ((boxes[:, :2] < frame[:2]) | (boxes[:, 2:] > frame[2:])).any(axis=1)
    crossed = _hits(lines, texts).sum(axis=1) * 4 + _hits(lines, markers).sum(axis=1) * 2
    # In points of distance: a label rather moves 12 points away than hides one marker.
    cost = gaps / pixel + 1000 * outside + 200 * _hits(boxes, texts)
    cost += 12 * _hits(boxes, markers) + joined * crossed
    best = int(np.argmin(cost))
    return offsets[best], lines[best] if joined[best] else None


def _boxes(centres: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Give (n, 4): x0, y0, x1, y1 around each centre."""
    return np.concatenate([centres - half, centres + half], axis=-1)


def _hits(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Count, for each box of (..., 4), how many of the others it overlaps."""
    low = np.maximum(boxes[..., None, :2], others[:, :2])
    high = np.minimum(boxes[..., None, 2:], others[:, 2:])
    return (low < high).all(axis=-1).sum(axis=-1)
