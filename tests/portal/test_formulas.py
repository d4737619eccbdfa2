"""No cell that leaves the product is a formula for a spreadsheet program."""

import csv
import io

import pytest

from portal import formulas


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "\t", "\r", "\n"])
@pytest.mark.parametrize("text", ["{}cmd|' /C calc'!A0", " {}1+1", "\u3000{}SUM(A1)", "\u200b{}1+1"])
def test_a_text_that_could_be_a_formula_gets_an_apostrophe(sign, text):
    if sign.isspace() and not text.startswith("{}"):
        text = "{}1"
    assert formulas.harmless(text.format(sign)).startswith("'")


@pytest.mark.parametrize("text", ["", "王小明", "a=b", "A+", "-5", "+8613800000000", "-1.5", "软件-2301", "a\tb"])
def test_other_texts_stay_as_they_are(text):
    assert formulas.harmless(text) == text


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
@pytest.mark.parametrize("separator", ["\t", ";", ",", "|", "\n", "\r\n"])
def test_no_separator_sets_a_formula_free(sign, separator):
    """The reader may split a line at another sign than the writer meant, and may drop the quotes."""
    stream = io.StringIO()
    csv.writer(stream).writerow(formulas.harmless_row([f"a{separator}{sign}1+1", f'b{separator} "{sign}1', 5]))
    text = stream.getvalue()
    for piece in text.replace(separator, "\0").replace(",", "\0").split("\0"):
        assert not piece.lstrip(' "\t').startswith(sign)


def test_a_plain_text_holds_nothing_that_a_program_or_xml_could_read():
    assert all(map(formulas.is_plain, ("王小明", "3****************4", "s1@example.org", "2023-01", "软件工程 2301班")))
    for sign in (*formulas.SIGNS, *"%|;,<>&\"'\t\r\n\0\x01"):
        assert not formulas.is_plain(f"{sign}1")
        assert formulas.is_plain(f"1{sign}1") == (sign in "-@")
