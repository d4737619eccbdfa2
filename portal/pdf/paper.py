"""Drawing PDFs: canvas, text with fallback fonts, JPEGs that are embedded unchanged, cut lines."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
from reportlab import rl_config
from reportlab.lib.colors import CMYKColorSep
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFImageXObject, PDFName
from reportlab.pdfgen.canvas import Canvas

from portal.pdf.fonts import FontChain

# ASCII85 would add a quarter to every picture.
rl_config.useA85 = 0

# Cutting plotters look for this name. The CMYK value is its colour on screen and on proofs.
CUT = CMYKColorSep(0, 1, 0, 0, spotName="CutContour")
CUT_WIDTH = 0.25
# A line may not begin with these.
NOT_FIRST = "，。；：、？！）】》”"
QUIET = 4  # modules of white around a QR code

Rectangle = tuple[float, float, float, float]


class NotAJpeg(ValueError):
    """The picture is not a JPEG, so it cannot be embedded unchanged."""


@contextmanager
def document(path: Path, *, fonts: FontChain, width: float, height: float, title: str, author: str) -> Iterator[Canvas]:
    """A canvas of `width` x `height` mm.

    It is written beside `path` and moved there when it is complete.

    The same drawing gives the same bytes.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    canvas = Canvas(
        str(draft),
        pagesize=(width * mm, height * mm),
        pageCompression=1,
        invariant=1,
        # Without this every page refers to Helvetica, which is not embedded.
        initialFontName=fonts.first.fontName,
    )
    canvas.setTitle(title)
    canvas.setAuthor(author)
    canvas.setCreator("Tucai")
    try:
        yield canvas
        canvas.save()
        draft.replace(path)
    finally:
        # Canvas and document refer to each other: without this, pictures of one volume stay in
        # memory during the next.
        canvas._doc.idToObject.clear()
        draft.unlink(missing_ok=True)


class Jpeg(PDFImageXObject):
    """Releases its bytes after writing them.

    Otherwise the whole volume would be in memory twice.
    """

    def format(self, document: Any) -> bytes:
        written: bytes = super().format(document)
        self.streamContent = b""
        return written


def add_jpeg(canvas: Canvas, name: str, jpeg: bytes) -> None:
    """Embed the JPEG in the document, byte for byte. `place_jpeg` draws it. Raises NotAJpeg."""
    picture = Jpeg(name)
    if not picture.loadImageFromJPEG(BytesIO(jpeg)):
        raise NotAJpeg(name)
    doc = canvas._doc
    canvas._setXObjects(picture)
    doc.Reference(picture, doc.getXObjectName(name))
    doc.addForm(name, picture)


def place_jpeg(canvas: Canvas, name: str, left: float, bottom: float, width: float, height: float) -> None:
    canvas.saveState()
    canvas.translate(left, bottom)
    canvas.scale(width, height)
    canvas.doForm(name)
    canvas.restoreState()


def stroke_cut_lines(canvas: Canvas, rectangles: Iterable[Rectangle], lines: Iterable[Rectangle]) -> None:
    """Draw hairlines in the cut colour, all in one path, with overprint.

    `rectangles` are (left, bottom, width, height), `lines` (x1, y1, x2, y2), in points.
    """
    _define_cut_colour(canvas)
    path = canvas.beginPath()
    for rectangle in rectangles:
        path.rect(*rectangle)
    for x1, y1, x2, y2 in lines:
        path.moveTo(x1, y1)
        path.lineTo(x2, y2)
    canvas.saveState()
    canvas.setStrokeColor(CUT)
    canvas.setStrokeOverprint(True)
    canvas.setLineWidth(CUT_WIDTH)
    canvas.drawPath(path, stroke=1, fill=0)
    canvas.restoreState()


def _define_cut_colour(canvas: Canvas) -> None:
    """Define the cut colour. reportlab writes its tint function as a stream inside an array, which
    PDF forbids.
    """
    doc = canvas._doc
    if CUT.spotName in doc.idToObject:
        return
    ink = [float(part) for part in CUT.cmyk()]
    tint = {"FunctionType": 2, "Domain": PDFArray([0, 1]), "C0": PDFArray([0, 0, 0, 0]), "C1": PDFArray(ink), "N": 1}
    space = [PDFName("Separation"), PDFName(CUT.spotName), PDFName("DeviceCMYK"), PDFDictionary(tint)]
    doc.Reference(PDFArray(space), CUT.spotName)


def draw_text(
    canvas: Canvas,
    fonts: FontChain,
    text: str,
    x: float,
    y: float,
    size: float,
    *,
    condense: float = 1,
    align: str = "left",
) -> None:
    """Draw one line with its baseline at (x, y), in points.

    `align`: whether x is its left end, center or right end.
    """
    shift = {"left": 0.0, "center": 0.5, "right": 1.0}[align]
    line = canvas.beginText(x - shift * fonts.width(text, size) * condense, y)
    if condense != 1:
        line.setHorizScale(condense * 100)
    for font, run in fonts.runs(text):
        line.setFont(font.fontName, size)
        line.textOut(run)
    if condense != 1:
        # The scale stays set after the text object.
        line.setHorizScale(100)
    canvas.drawText(line)


def draw_code(canvas: Canvas, text: str, left: float, bottom: float, size: float) -> None:
    """Draw a QR code with its quiet zone, a square of `size` points."""
    modules = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    module = size / (len(modules) + 2 * QUIET)
    path = canvas.beginPath()
    for down, row in enumerate(modules):
        for across, is_dark in enumerate(row):
            if is_dark:
                y = bottom + size - (down + QUIET + 1) * module
                path.rect(left + (across + QUIET) * module, y, module, module)
    canvas.drawPath(path, stroke=0, fill=1)


def wrap(text: str, width: float, size: float, fonts: FontChain) -> list[str]:
    """Lines of at most `width` points; line breaks of the text are kept. Numbers and Latin words are broken only if they
    are longer than a line."""
    rows = []
    for paragraph in text.splitlines():
        row = ""
        for part in _parts(paragraph, width, size, fonts):
            if row and fonts.width(row + part, size) > width and part not in NOT_FIRST:
                rows.append(row)
                row = ""
            row += part
        rows.append(row)
    return [row for row in rows if row.strip()]


WORD = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9.@/]*[A-Za-z0-9])?|.")


def _parts(paragraph: str, width: float, size: float, fonts: FontChain) -> Iterator[str]:
    for part in WORD.findall(paragraph):
        if fonts.width(part, size) > width:
            yield from part
        else:
            yield part
