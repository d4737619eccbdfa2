"""PDFs of strangers become pictures: legible, bounded, without whatever else they hold."""

import io
import sys

import pypdf
import pytest
from PIL import Image
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from reportlab.pdfgen.canvas import Canvas

from portal.errors import PortalError
from portal.untrusted import process, render_pdf, scans
from portal.untrusted.limits import Refused

A4 = (595.28, 841.89)


def pdf(*sizes: tuple[float, float], text: str = "feedback form") -> bytes:
    """A PDF with a page of each size: a text, and a square of one tenth of the width in the corner."""
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for width, height in sizes:
        canvas.setPageSize((width, height))
        canvas.rect(0, 0, width / 10, width / 10, fill=1)
        canvas.drawString(100, height / 2, text)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def changed(content: bytes, change) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    change(writer)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def refusal(content: bytes) -> str:
    with pytest.raises(Refused) as caught:
        render_pdf.render(content)
    return caught.value.code


def test_a_page_of_a4_has_200_dots_an_inch():
    picture, pages = render_pdf.render(pdf(A4))
    sheet = Image.open(io.BytesIO(picture)).convert("L")
    assert (pages, sheet.width) == (1, 1654)
    assert sheet.width / (A4[0] / 72) >= 200
    assert abs(sheet.height - 1654 * A4[1] / A4[0]) < 2
    assert sheet.getpixel((20, sheet.height - 20)) < 30  # the square
    assert sheet.getpixel((20, 20)) > 240


def test_pages_stand_below_each_other():
    sheet = Image.open(io.BytesIO(render_pdf.render(pdf(A4, A4, A4))[0]))
    assert abs(sheet.height - 3 * 2340 - 2 * render_pdf.GAP) <= 3


@pytest.mark.parametrize("size", [(3, 4), (14_000, 14_000), (10, 14_000), (2480, 3508)])
def test_the_size_that_a_page_claims_takes_no_memory(size):
    sheet = Image.open(io.BytesIO(render_pdf.render(pdf(size))[0]))
    assert max(sheet.size) <= render_pdf.LONG_SIDE + 1
    assert min(sheet.size) <= render_pdf.SHORT_SIDE + 1


def test_scripts_links_and_attached_files_end_here():
    def add(writer):
        action = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert('boo')")}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(action)
        writer.add_attachment("virus.exe", b"MZ" + b"boo" * 100)
        writer.add_uri(0, "https://example.org/boo", (0, 0, 100, 100))

    picture, _pages = render_pdf.render(changed(pdf(A4), add))
    assert picture.startswith(b"\xff\xd8")
    for word in (b"boo", b"virus", b"JavaScript", b"example.org"):
        assert word not in picture


def test_too_many_pages_and_a_password_are_refused():
    assert refusal(pdf(*[A4] * (render_pdf.MAX_PAGES + 1))) == "many_pages"
    assert refusal(changed(pdf(A4), lambda writer: writer.encrypt("secret"))) == "password"


@pytest.mark.parametrize(
    "content", [b"", b"no pdf", b"<html>%PDF-1.4", b"PK\x03\x04", b"\x89PNG", b"x" * 2000 + b"%PDF-1.4"]
)
def test_what_is_no_pdf_is_refused(content):
    assert refusal(content) == "no_pdf"


def test_a_damaged_pdf_is_refused_or_drawn():
    good = pdf(A4, A4)
    for length in (9, 100, 400, len(good) // 2):
        assert refusal(good[:length]) == "damaged"


def test_the_picture_comes_from_a_process_of_its_own():
    assert scans.picture_of_pdf(pdf(A4)) == render_pdf.render(pdf(A4))[0]
    with pytest.raises(PortalError, match="PDF"):
        scans.picture_of_pdf(b"%PDF-1.4 cut off")


def test_a_pdf_that_draws_without_end_is_stopped_after_seconds(monkeypatch):
    """Two kilobytes would keep the only place for papers for a minute."""
    assert render_pdf.SECONDS <= 5
    stream = io.BytesIO()
    canvas = Canvas(stream, pageCompression=1)
    for _ in range(3000):
        canvas.circle(300, 400, 280, fill=1)
    canvas.save()
    impatient = "from portal.untrusted import render_pdf; render_pdf.SECONDS = 1; render_pdf.main()"
    monkeypatch.setattr(process, "command", lambda _program: [sys.executable, "-s", "-c", impatient])
    with pytest.raises(PortalError):
        scans.picture_of_pdf(stream.getvalue())
