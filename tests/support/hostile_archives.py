"""Archives and workbooks of admission photos, and what becomes of them in hostile hands. The same seed gives the same files."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from random import Random

import openpyxl
from openpyxl.drawing.image import Image as SheetImage
from PIL import Image

from tests.support.hostile_papers import BYTES, XML, Change, Sample, changed, packed
from tests.support.hostile_photos.made import bombs

DIRECTORY, END = b"PK\x01\x02", b"PK\x05\x06"
NAMES = (
    *("../../../etc/passwd.jpg", "/etc/2023010001.jpg", "C:\\2023010001.jpg", "..\\..\\x.png", "a/" * 900 + "x.jpg"),
    *("x" * 60_000 + ".jpg", "\ud83d\ude00.jpg".encode("utf-16", "surrogatepass").decode("utf-16"), "\x1b[2J.jpg"),
    *("<script>alert(1)</script>.jpg", ".jpg", "..", "con.jpg", "2023010001\u202egpj.exe", "\n2023010001.jpg"),
)


def picture(shade: int, kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (120, 160), (shade, 100, 100)).save(file, kind)
    return file.getvalue()


@lru_cache
def good_zip() -> bytes:
    names = [f"班/{number}_姓名.jpg" for number in range(2023010001, 2023010007)]
    files = {name: picture(20 * place) for place, name in enumerate(names)}
    return packed(files | {"2023010099.png": picture(9, "PNG"), "readme.txt": b"text"})


@lru_cache
def good_workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["学号", "姓名", "照片"])
    for row in range(2, 6):
        sheet.append([str(2023010000 + row), "张三"])
        sheet.add_image(SheetImage(io.BytesIO(picture(10 * row))), f"C{row}")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _directory(data: bytes, chance: Random) -> bytes:
    """Numbers of the directory and of the end that are others."""
    start = data.index(DIRECTORY)
    found = bytearray(data)
    for _ in range(chance.choice((1, 2, 8))):
        at = chance.randrange(start, len(data) - 4)
        found[at : at + 4] = struct.pack("<I", chance.choice((0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)))
    return bytes(found)


def _large(data: bytes, chance: Random) -> bytes:
    """ZIP64: the numbers of another end count."""
    end, start = data.rindex(END), data.index(DIRECTORY)
    huge = chance.choice((1, 2**16, 2**31, 2**40, 2**63))
    size = chance.choice((end - start, huge, len(data)))
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, huge, huge, size, start)
    comment = b"x" * chance.choice((0, 0, 65_535))
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    return data[:end] + record + locator + data[end:-2] + struct.pack("<H", len(comment)) + comment


def _overlapping(data: bytes, chance: Random) -> bytes:
    """Many names, the same bytes."""
    end, start = data.rindex(END), data.index(DIRECTORY)
    times = chance.choice((2, 100, 2000))
    numbers = struct.pack(
        "<4s4H2LH", END, 0, 0, chance.choice((1, 8 * times & 0xFFFF)), 8, (end - start) * times, start, 0
    )
    return data[:start] + data[start:end] * times + numbers


def _inflating(data: bytes, chance: Random) -> bytes:
    """Pictures that inflate to a thousand times their size."""
    return packed({f"{2023010001 + n}.jpg": bytes(chance.choice((2**20, 9 * 2**20))) for n in range(4)})


def _named(data: bytes, chance: Random) -> bytes:
    """Names that lead elsewhere, links, and what systems show of them."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in chance.sample(NAMES, 4):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, chance.choice((0o100644, 0o120777, 0o010644, 0o040755)) << 16
            archive.writestr(entry, picture(7))
    return stream.getvalue()


def _bombs(data: bytes, chance: Random) -> bytes:
    """Pictures that take memory or time once they are decoded."""
    small = [content for _name, content in bombs() if len(content) < 2**20]
    return packed({f"{2023010001 + n}.jpg": chance.choice(small) for n in range(3)})


def _pieces(data: bytes, chance: Random) -> bytes:
    """Tables, and stretches of a workbook that are no pictures, without end."""
    entries = chance.choice((50, 2500))
    parts = {f"xl/x{n}.xml": bytes(chance.choice((10, 10_000))) for n in range(entries)}
    return packed({"xl/workbook.xml": b"<workbook/>"} | parts)


ZIP: dict[str, Change] = BYTES | {
    "directory": _directory,
    "zip64": _large,
    "overlapping": _overlapping,
    "inflating": _inflating,
    "names": _named,
    "bombs": _bombs,
    "pieces": _pieces,
}


def archives(seed: int, number: int) -> Iterator[Sample]:
    families: list[tuple[str, Callable[[], bytes], Change, bool]] = []
    families += [(f"zip {name}", good_zip, change, False) for name, change in ZIP.items()]
    families += [(f"zip picture {name}", good_zip, change, True) for name, change in BYTES.items()]
    families += [(f"workbook {name}", good_workbook, change, False) for name, change in BYTES.items()]
    families += [(f"workbook xml {name}", good_workbook, change, True) for name, change in XML.items()]
    for n in range(number):
        name, make, change, inside = families[n % len(families)]
        yield changed(f"{name}: {n}", make, change, f"{seed} {n}", inside=inside)
