"""The reference of a transfer: what a typing error makes of it."""

import pytest

from billing.accounts.references import is_valid, reference_of

REFERENCE = reference_of(2022, "10284")


def test_names_season_and_school():
    assert REFERENCE.startswith("TC2210284")
    assert len(REFERENCE) == 11
    assert is_valid(REFERENCE)


@pytest.mark.parametrize("typed", ["tc-22 10284-{}", "ＴＣ２２１０２８４{}", " TC22/10284/{} "])
def test_reads_what_is_typed_another_way(typed):
    assert is_valid(typed.format(REFERENCE[-2:]))


def test_no_single_wrong_character_and_no_two_that_changed_places_is_another_reference():
    wrong = {
        REFERENCE[:at] + digit + REFERENCE[at + 1 :] for at in range(2, len(REFERENCE)) for digit in "0123456789"
    } - {REFERENCE}
    swapped = {
        REFERENCE[:at] + REFERENCE[at + 1] + REFERENCE[at] + REFERENCE[at + 2 :] for at in range(2, len(REFERENCE) - 1)
    } - {REFERENCE}
    assert len(wrong) == 81
    assert not any(map(is_valid, wrong | swapped))


def test_a_code_with_letters_and_a_dash_has_a_reference():
    assert is_valid(reference_of(2022, "cs-01"))
    assert reference_of(2022, "cs-01") == reference_of(2022, "CS01")


def test_rubbish_is_no_reference():
    assert not any(map(is_valid, ["", "TC", "TC22", "10284", "TC2210284", "XX2210284" + REFERENCE[-2:]]))
