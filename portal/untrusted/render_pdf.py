"""A process that draws the pages of one PDF: `python -m portal.untrusted.render_pdf < file`.

It writes a line of JSON: {"refused": code, "params": {…}}, or {"size": bytes, "pages": number} and then one
JPEG with the pages below each other. Scripts, links and attached files of the PDF end here: a picture has none.
"""

import io
import json
import sys

import pypdfium2
from PIL import Image

from portal.untrusted.limits import MB, Refused, confine

# Six scanned pages take 0.8 s. Two kilobytes that draw the same circle a thousand times take as much as they are let.
MEMORY, SECONDS = 640 * MB, 5
MAX_PAGES = 6
GAP = 12  # grey pixels between two pages
# The short side of A4 at 200 dots an inch. The size that a page claims decides nothing but its shape.
SHORT_SIDE, LONG_SIDE = 1654, 2 * 1654
QUALITY = 88


def render(content: bytes) -> tuple[bytes, int]:
    """(the pages below each other as JPEG, how many). Raises Refused."""
    if not content[:1024].lstrip(b"\xef\xbb\xbf \r\n\t\0").startswith(b"%PDF-"):
        raise Refused("no_pdf")
    try:
        document = pypdfium2.PdfDocument(content)
        document.init_forms()
        count = len(document)
    except pypdfium2.PdfiumError as error:
        raise Refused("password" if "password" in str(error).lower() else "damaged") from error
    if count > MAX_PAGES:
        raise Refused("many_pages", limit=MAX_PAGES)
    if not count:
        raise Refused("damaged")
    pages = [_draw(document, number) for number in range(count)]
    width = max(page.width for page in pages)
    sheet = Image.new("RGB", (width, sum(page.height + GAP for page in pages) - GAP), "grey")
    top = 0
    for page in pages:
        sheet.paste(page, ((width - page.width) // 2, top))
        top += page.height + GAP
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue(), count


def _draw(document: pypdfium2.PdfDocument, number: int) -> Image.Image:
    """A page on white, with its stamps (annotations) and what was typed into its form."""
    try:
        page = document[number]
        width, height = page.get_size()
        if not (0 < width < 1e6 and 0 < height < 1e6):
            raise Refused("damaged")
        scale = min(SHORT_SIDE / min(width, height), LONG_SIDE / max(width, height))
        picture: Image.Image = page.render(scale=scale, fill_color=(255, 255, 255, 255)).to_pil()
    except (pypdfium2.PdfiumError, ValueError, OverflowError) as error:
        raise Refused("damaged") from error
    return picture.convert("RGB")


def prepare() -> None:
    """Load what drawing needs."""
    Image.init()


def main() -> None:
    prepare()
    confine(memory=MEMORY, seconds=SECONDS)
    out = sys.stdout.buffer
    try:
        sheet, pages = render(sys.stdin.buffer.read())
    except (Refused, MemoryError) as error:
        refused = error if isinstance(error, Refused) else Refused("too_large")
        out.write(json.dumps({"refused": refused.code, "params": refused.params}).encode() + b"\n")
        return
    out.write(json.dumps({"size": len(sheet), "pages": pages}).encode() + b"\n" + sheet)


if __name__ == "__main__":
    main()
