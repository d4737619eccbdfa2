"""Text that a spreadsheet program would run as a formula, in every table that leaves the product.

A program begins a formula at = + - @, at their full-width forms under a Chinese or Japanese system, and
behind a tab or the end of a line. In delimited text it does so behind each separator that it guesses.
"""

import re
from collections.abc import Iterable
from typing import Any

SIGNS = "=+-@＝＋－＠﹢﹣﹦﹫"
_LEADING = re.compile(rf"[\s\x00-\x1f\u200b-\u200f\ufeff]*[{re.escape(SIGNS)}|%]|[\t\r\n\x00]")
_INSIDE = re.compile(rf"[\t\r\n;,|][\s\"']*[{re.escape(SIGNS)}]")
_PLAIN = re.compile("[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff .·*@_-]*").fullmatch
_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?").fullmatch


def is_plain(text: str) -> bool:
    """Whether the text, as most are, has nothing but letters, digits and a few signs between: no program, and no XML, sees more in it."""
    return _PLAIN(text) is not None


def is_formula(text: str) -> bool:
    """Whether a spreadsheet could take the text of a cell for a formula. A number is none."""
    return _LEADING.match(text) is not None and _NUMBER(text) is None


def harmless(text: str) -> str:
    """The text of a cell in a workbook, with an apostrophe before what could be a formula."""
    return f"'{text}" if is_formula(text) else text


def harmless_delimited(text: str) -> str:
    """The text of a cell in delimited text: also harmless when the program splits it at another separator."""
    if _PLAIN(text):
        return text
    text = harmless(text)
    return _INSIDE.sub(lambda found: found[0][:-1] + "'" + found[0][-1], text) if _INSIDE.search(text) else text


def harmless_row(row: Iterable[Any]) -> list[Any]:
    """A row for the writer of the csv module."""
    return [harmless_delimited(cell) if isinstance(cell, str) else cell for cell in row]
