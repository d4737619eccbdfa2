import io
import zipfile

import pytest

from printing import zip_archive


def streamed(*files):
    return zipfile.ZipFile(io.BytesIO(b"".join(zip_archive.stream_zip(files))))


def test_archive_is_stored_and_whole():
    files = [(f"学院/专业/{i:018d}.jpg", bytes([i]) * 1000) for i in range(5)]
    with streamed(*files) as made:
        assert made.testzip() is None
        assert [(info.filename, made.read(info)) for info in made.infolist()] == files
        assert {info.compress_type for info in made.infolist()} == {zipfile.ZIP_STORED}


def test_archive_holds_more_files_than_the_old_format_counts():
    with streamed(*((str(i), b"x") for i in range(65_540))) as made:
        assert made.read("65539") == b"x"


def test_files_are_asked_for_only_when_their_turn_comes():
    asked = []
    stream = zip_archive.stream_zip((str(i), bytes(asked.append(i) or 1)) for i in range(3))
    assert next(stream)
    assert asked == [0]


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
