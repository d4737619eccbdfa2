import io
import zipfile

import pytest

from printing import zip_archive


def entries(count, size=1000, name="{:018d}.jpg"):
    return [zip_archive.Entry(name.format(i), size, lambda i=i: bytes([i % 256]) * size) for i in range(count)]


def streamed(items):
    return zip_archive.stream_zip(zip_archive.build_zip(items))


@pytest.mark.parametrize("count", [0, 1, 7, 300])
def test_length_is_known_ahead(count):
    items = entries(count)
    assert len(zip_archive.build_zip(items)) == len(b"".join(streamed(items)))


def test_length_holds_for_more_files_than_the_old_format_counts():
    items = entries(65_540, size=1)
    assert len(zip_archive.build_zip(items)) == sum(len(part) for part in streamed(items))


def test_length_holds_beyond_four_gigabytes():
    block = bytes(64 << 20)
    items = [zip_archive.Entry(f"学院/{i}.jpg", len(block), lambda: block) for i in range(66)]
    assert len(zip_archive.build_zip(items)) == sum(len(part) for part in streamed(items))


def test_archive_is_stored_and_whole():
    items = entries(5, name="学院/专业/{:018d}.jpg")
    with zipfile.ZipFile(io.BytesIO(b"".join(streamed(items)))) as made:
        assert made.testzip() is None
        assert [info.filename for info in made.infolist()] == [item.name for item in items]
        assert {info.compress_type for info in made.infolist()} == {zipfile.ZIP_STORED}
        assert made.read(items[3].name) == b"\x03" * 1000


def test_portraits_are_read_only_when_their_turn_comes():
    read = []
    items = [zip_archive.Entry(str(i), 1, lambda i=i: read.append(i) or b"x") for i in range(3)]
    stream = streamed(items)
    assert next(stream)
    assert read == [0]


def test_file_that_changed_breaks_the_download_off():
    with pytest.raises(OSError, match="2 bytes where 3"):
        list(streamed([zip_archive.Entry("a.jpg", 3, lambda: b"xx")]))


@pytest.mark.parametrize(
    ("id_number", "folders", "name"),
    [
        ("320102200102031234", (), "320102200102031234.jpg"),
        ("E1/2:3", ("信息学院", "软件/工程"), "信息学院/软件_工程/E1_2_3.jpg"),
        ("..", ("", " ..甲. "), "甲/_.jpg"),
    ],
)
def test_names_are_safe_for_every_file_system(id_number, folders, name):
    assert zip_archive.entry_name(id_number, folders=folders) == name
