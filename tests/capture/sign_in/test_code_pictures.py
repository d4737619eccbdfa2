"""The capture code in a picture that a student sends: each kind is read or told in a sentence."""

import pytest

from capture.sign_in import code_pictures, read_code
from portal.untrusted import process
from tests.support import code_pictures as made
from tests.support.words import said

TEXT = "https://registry.example/c?d=" + "0123456789abcdefghijKLMNOPQRSTUVWXYZ-_" * 4


@pytest.mark.parametrize("kind", made.KINDS)
def test_a_code_is_read(kind):
    assert read_code.texts_in(read_code.grey_of(made.KINDS[kind](TEXT))) == [TEXT]


def test_the_reader_works_in_its_own_process():
    assert code_pictures.text_of(made.saved(TEXT)) == TEXT


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        (
            made.two(TEXT, TEXT[::-1]),
            "There are several codes in this picture. Send one that shows your capture code alone.",
        ),
        (
            made.blank(5),
            "The picture is too dark to read a code in it. Turn the screen brighter, or save the code by a long press.",
        ),
        (
            made.blank(200),
            (
                "No code can be read in this picture. A screenshot often cannot be read: on the registry's page, press and hold"
                " the code, choose “Save picture”, and send that picture."
            ),
        ),
        (b"%PDF-1.7 no picture", ""),
        (b"", ""),
    ],
    ids=["two", "black", "nothing in it", "no picture", "empty"],
)
def test_what_cannot_be_read_is_told_in_a_sentence(picture, sentence):
    with pytest.raises(code_pictures.NoCode) as refused:
        code_pictures.text_of(picture)
    assert str(refused.value) == said(sentence) if sentence else str(refused.value)


def test_a_reader_that_is_lost_is_a_damaged_picture(monkeypatch):
    monkeypatch.setattr(process, "command", lambda program: ["false"])
    with pytest.raises(code_pictures.NoCode):
        code_pictures.text_of(made.saved(TEXT))
