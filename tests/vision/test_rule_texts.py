"""What a student reads."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from vision import LEFT_TO_REVIEWER, RULE_NAMES, RULES, Finding, Unreadable, advice_for, sentence_for
from vision.errors import SENTENCES

CHINESE = range(0x4E00, 0x9FFF)


def is_chinese(text: str) -> bool:
    return any(ord(letter) in CHINESE for letter in text)


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_every_rule_says_what_is_wrong_and_what_to_do_in_both_languages(rule):
    finding = Finding(rule, "reject", 1.0, 2.0)
    with override("en"):
        english = sentence_for(finding), advice_for(finding)
    with override("zh-hans"):
        chinese = sentence_for(finding), advice_for(finding)

    assert all(said.endswith(".") and "_" not in said for said in english)
    assert all(is_chinese(said) for said in chinese)


def test_nobody_and_somebody_else_are_different_sentences():
    with override("en"):
        assert sentence_for(Finding("one_face", "reject", 0.0, 1.0)) == "No face was found in the photo."
        assert sentence_for(Finding("one_face", "reject", 2.0, 1.0)) == "There is more than one person in the photo."


def test_titles_refusals_and_the_reviewers_list_are_translated():
    with override("zh-hans"):
        assert all(is_chinese(str(words)) for rule in RULES for words in (rule.title, rule.label))
        assert all(is_chinese(str(Unreadable(code))) for code in SENTENCES)
        assert all(is_chinese(str(entry)) for entry in LEFT_TO_REVIEWER)
