"""Workbooks with a picture a row, as Excel lays them over the cells and as WPS Office puts them into the cells."""

import io
import zipfile

import openpyxl
import pytest
from openpyxl.drawing.image import Image as SheetImage
from PIL import Image

from capture.same_person import picture_workbook
from capture.same_person.picture_archive import PictureArchive
from portal.errors import PortalError


def jpeg(shade: int) -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (120, 160), (shade, 100, 100)).save(file, "JPEG")
    file.seek(0)
    return file


def workbook(rows: list[tuple[str, str, int | None]]) -> bytes:
    """Rows of number, name and the shade of the picture."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["学号", "姓名", "照片"])
    for row, (number, name, shade) in enumerate(rows, start=2):
        sheet.append([number, name])
        if shade is not None:
            sheet.add_image(SheetImage(jpeg(shade)), f"C{row}")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def shades(content: bytes) -> dict[str, int]:
    """{texts of the row: shade of its picture}."""
    archive = PictureArchive(io.BytesIO(content))
    assert picture_workbook.is_workbook(archive)
    found = {}
    for entry in picture_workbook.entries_of(archive):
        pixel = Image.open(io.BytesIO(archive.read(entry))).getpixel((60, 80))
        found[entry.stem] = round(pixel[0] / 10) * 10
    return found


def test_pictures_over_the_cells():
    content = workbook([("2023010001", "张三", 50), ("2023010002", "李四", None), ("2023010003", "王五", 200)])
    assert shades(content) == {"2023010001 张三": 50, "2023010003 王五": 200}


def wps(content: bytes) -> bytes:
    """The same pictures as WPS Office stores them: named by a formula in the cell."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if "drawings" in name or name == "xl/worksheets/_rels/sheet1.xml.rels":
                continue
            if name == "xl/worksheets/sheet1.xml":
                formula = '<c r="C2" t="str"><f>_xlfn.DISPIMG("ID_7",1)</f><v>=DISPIMG("ID_7",1)</v></c></row>'
                first, second, *rest = part.decode().split("</row>")
                part = "</row>".join([first, second + formula.removesuffix("</row>"), *rest]).encode()
            new.writestr(name, part)
        new.writestr(
            "xl/cellimages.xml",
            '<etc:cellImages xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData"'
            ' xmlns:xdr="urn:xdr" xmlns:a="urn:a" xmlns:r="urn:r"><etc:cellImage><xdr:pic><xdr:nvPicPr>'
            '<xdr:cNvPr id="2" name="ID_7"/></xdr:nvPicPr><xdr:blipFill><a:blip r:embed="rId1"/></xdr:blipFill></xdr:pic>'
            "</etc:cellImage></etc:cellImages>",
        )
        new.writestr(
            "xl/_rels/cellimages.xml.rels",
            '<Relationships xmlns="urn:rels"><Relationship Id="rId1" Type="image" Target="media/image1.jpeg"/></Relationships>',
        )
    return changed.getvalue()


def test_pictures_in_the_cells():
    found = shades(wps(workbook([("2023010001", "张三", 50)])))
    assert list(found.values()) == [50]
    assert "2023010001" in next(iter(found))


def test_workbook_that_is_none_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>")
    with pytest.raises(PortalError):
        picture_workbook.entries_of(PictureArchive(file))


def test_what_is_no_picture_is_held_in_memory_to_a_limit_only(monkeypatch):
    content = workbook([("2023010001", "张三", 50)])
    monkeypatch.setattr(picture_workbook, "MAX_BYTES", 2000)
    with pytest.raises(PortalError):
        picture_workbook.entries_of(PictureArchive(io.BytesIO(content)))
    monkeypatch.undo()
    monkeypatch.setattr(picture_workbook, "MAX_PARTS", 3)
    with pytest.raises(PortalError):
        picture_workbook.entries_of(PictureArchive(io.BytesIO(content)))


def test_numbers_are_looked_for_at_the_beginning_of_a_row():
    """Each word is hashed: sixty thousand pictures in one row of a million words would keep the worker for days."""
    ((text, _shade),) = shades(workbook([("2023010001", "word " * 6000, 50)])).items()
    assert (text[:15], len(text)) == ("2023010001 word", picture_workbook.LONGEST_ROW)
