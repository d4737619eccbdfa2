"""Damaged workbooks and PDFs get an answer; `bench.hostile_files` sends thousands."""

import pytest

from bench.hostile_files import KINDS, answer


@pytest.mark.parametrize(("kind", "number"), [("workbooks", 56), ("pdfs", 10), ("certificates", 48)])
def test_each_family_of_hostile_files_gets_a_sentence_or_is_read(kind, number):
    found = [answer(name, make(), KINDS[kind].judged, 0) for name, make in KINDS[kind].samples(7, number)]
    assert [one for one in found if one.outcome.startswith("exception")] == []
    assert [one.name for one in found if not one.words and one.outcome != "green"] == []
