"""Archives of strangers: what is read, and what is refused before it takes memory or a disk."""

import io
import struct
import zipfile

import pytest
from PIL import Image

from capture.same_person import picture_archive, pictures
from capture.same_person.picture_archive import PictureArchive, RefusedPicture
from capture.same_person.pictures import normalised
from portal.errors import PortalError
from portal.security.sealed_parts import SealedParts
from portal.untrusted import process


def jpeg(size=(120, 160), **options) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (90, 120, 150)).save(file, "JPEG", **options)
    return file.getvalue()


def packed(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file


def test_names_are_read_without_folders_and_what_systems_add():
    archive = PictureArchive(packed({"甲班/2023010040.JPG": b"a", "__MACOSX/._x.jpg": b"b", "Thumbs.db": b"c", "注.txt": b"d"}))  # fmt: skip
    assert [(entry.name, entry.stem, entry.is_picture) for entry in archive.entries] == [
        ("2023010040.JPG", "2023010040", True),
        ("注.txt", "注", False),
    ]


def test_names_of_chinese_windows_are_understood():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("2023_刘婷.jpg".encode("gbk").decode("cp437")), b"x")
    data = file.getvalue()
    # Python marks the name as UTF-8, Windows does not: as Windows writes it.
    name = "2023_刘婷.jpg"
    utf8 = name.encode("gbk").decode("cp437").encode()
    gbk = name.encode("gbk")
    assert data.count(utf8) == 2
    for signature, flag, length in ((b"PK\x03\x04", 6, 26), (b"PK\x01\x02", 8, 28)):
        at = data.index(signature)
        head = bytearray(data[at : data.index(utf8, at)])
        head[flag : flag + 2] = b"\0\0"
        head[length : length + 2] = struct.pack("<H", len(gbk))
        data = data[:at] + bytes(head) + data[at + len(head) :]
    data = data.replace(utf8, gbk)
    end = data.rindex(b"PK\x05\x06")
    data = data[: end + 12] + struct.pack("<II", end - data.index(b"PK\x01\x02"), data.index(b"PK\x01\x02")) + data[end + 20 :]  # fmt: skip
    assert [entry.name for entry in PictureArchive(io.BytesIO(data)).entries] == [name]


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive" * 100, b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_archive_is_refused_with_a_sentence(content):
    with pytest.raises(PortalError):
        PictureArchive(io.BytesIO(content))


def test_directory_that_would_fill_the_memory_is_not_read():
    """It says that it is larger than any archive of pictures has."""
    data = bytearray(packed({"a.jpg": b"x"}).getvalue())
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<I", picture_archive.MAX_DIRECTORY + 1)
    with pytest.raises(PortalError):
        PictureArchive(io.BytesIO(bytes(data)))


@pytest.mark.parametrize("comment", [b"", b"x" * 65_535])
def test_numbers_of_zip64_which_count_instead_are_not_read(comment):
    """Python believes them, and would take a directory of gigabytes into memory."""
    data = packed({"a.jpg": b"x"}).getvalue()
    end, start = data.rindex(b"PK\x05\x06"), data.index(b"PK\x01\x02")
    large = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, end - start, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    file = io.BytesIO(data[:end] + large + locator + data[end:-2] + struct.pack("<H", len(comment)) + comment)
    assert zipfile.ZipFile(file).namelist() == ["a.jpg"]
    with pytest.raises(PortalError, match="ZIP64"):
        PictureArchive(file)


def test_entries_are_counted_where_their_number_is_said_to_be_small(monkeypatch):
    data = bytearray(packed({f"{n}.jpg": b"x" for n in range(9)}).getvalue())
    end = data.rindex(b"PK\x05\x06")
    data[end + 8 : end + 12] = struct.pack("<HH", 1, 1)
    assert len(PictureArchive(io.BytesIO(bytes(data))).entries) == 9
    monkeypatch.setattr(picture_archive, "MAX_ENTRIES", 8)
    with pytest.raises(PortalError):
        PictureArchive(io.BytesIO(bytes(data)))


def test_entries_that_lie_on_each_other_are_refused():
    """A bomb: a thousand names, the same bytes."""
    data = packed({"a.jpg": bytes(50_000)}, zipfile.ZIP_STORED).getvalue()
    start, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    again = b"".join(data[start:end].replace(b"a.jpg", b"%05d" % n) for n in range(1000))
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1000, 1000, len(again), start, 0)
    with pytest.raises(PortalError):
        PictureArchive(io.BytesIO(data[:start] + again + tail))


def test_picture_that_inflates_without_end_is_refused(monkeypatch):
    archive = PictureArchive(packed({"bomb.jpg": bytes(picture_archive.MAX_PICTURE + 1), "good.jpg": jpeg()}))
    bomb, good = archive.pictures()
    with pytest.raises(RefusedPicture, match="too_large"):
        archive.read(bomb)
    assert archive.read(good) == jpeg()
    archive._left = 10
    with pytest.raises(RefusedPicture, match="too_large"):
        archive.read(good)


def test_password_and_other_compressions_are_refused():
    data = packed({"a.jpg": b"x"}).getvalue()
    at = data.index(b"PK\x01\x02") + 8
    with pytest.raises(PortalError):
        PictureArchive(io.BytesIO(data[:at] + b"\x01\x00" + data[at + 2 :]))
    archive = PictureArchive(packed({"a.jpg": jpeg()}, zipfile.ZIP_LZMA))
    with pytest.raises(RefusedPicture, match="damaged"):
        archive.read(archive.entries[0])


def test_sealed_parts_are_read_as_one_file():
    content = packed({f"{n}.jpg": jpeg((100 + n, 120)) for n in range(20)}).getvalue()
    parts = [content[at : at + 1000] for at in range(0, len(content), 1000)]
    file = io.BufferedReader(SealedParts(len(content), parts.__getitem__, part_bytes=1000))
    assert file.read() == content
    archive = PictureArchive(file)
    assert [Image.open(io.BytesIO(archive.read(entry))).width for entry in archive.entries] == [100 + n for n in range(20)]  # fmt: skip


def test_pictures_are_made_small_upright_and_bare():
    turned = Image.Exif()
    turned[0x0112], turned[0x010F] = 6, "Maker"
    portrait, wide, tiny, text = normalised([jpeg((900, 1200)), jpeg((400, 300), exif=turned), jpeg((40, 50)), b"no"])
    assert isinstance(portrait, bytes)
    assert isinstance(wide, bytes)
    assert Image.open(io.BytesIO(portrait)).size == (480, 640)
    assert Image.open(io.BytesIO(wide)).size == (300, 400)
    assert not Image.open(io.BytesIO(wide)).getexif()
    assert (str(tiny), str(text)) == ("too_small", "no_picture")


def test_picture_that_kills_its_reader_costs_only_itself():
    """A PNG of 30,000 x 30,000 px is refused by its header; one that lies about its size ends the process or not."""
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    before, killed, after = normalised([jpeg(), bomb.getvalue(), jpeg()])
    assert isinstance(before, bytes)
    assert isinstance(after, bytes)
    assert isinstance(killed, RefusedPicture)


def test_processes_that_pictures_take_along_are_counted(monkeypatch):
    """Each may have cost a minute: thousands would keep the worker for days."""
    started = []

    def lost(pictures_left):
        started.append(len(pictures_left))
        raise process.Lost

    monkeypatch.setattr(pictures, "_answers", lost)
    answers = list(normalised([b"x"] * 50))
    assert {answer.code for answer in answers} == {"lost"}
    assert (len(answers), len(started)) == (50, pictures.MOST_LOST)
