"""What a spreadsheet shows of a number."""

import pytest

from portal.untrusted import number_formats


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("General", 20230101.0, "20230101"),
        ("General", 1.5, "1.5"),
        ("0000000", 12345, "0012345"),
        ("000", 12345, "12345"),
        ('"2023"0000', 7, "20230007"),
        (r"000\-0000", 1234567, "123-4567"),
        ("#", 12, "12"),
        ("#,##0", 12345, "12345"),
        ("0.00", 12, "12"),
        ("@", 12, "12"),
        ("0_);[Red](0)", 12, "12"),
        ("G/通用格式", 12, "12"),
        ("0000000", -5, "-5"),
        ("000000000000000000", 3.201022001020312e17, "3.20102E+17"),
    ],
)
def test_a_number_is_shown_with_the_zeros_and_texts_of_its_format(code, value, shown):
    assert number_formats.show(value, number_formats.kind_of(code)) == shown


@pytest.mark.parametrize("code", ["yyyy-mm-dd", 'm"月"d"日"', "[$-804]yyyy年m月d日", "[h]:mm", "mmm-yy", "h:mm AM/PM"])
def test_formats_of_dates_are_known(code):
    assert number_formats.kind_of(code) == number_formats.DATE


@pytest.mark.parametrize(
    ("serial", "from_1904", "shown"),
    [
        (46082, False, "2026-03-01"),
        (44620, True, "2026-03-01"),
        (59, False, "1900-02-28"),
        (0.5, False, "12:00"),
        (46082.5, False, "2026-03-01 12:00"),
        (1e9, False, "1000000000.0"),
    ],
)
def test_days_are_counted_as_spreadsheets_do(serial, from_1904, shown):
    assert number_formats.date_text(serial, from_1904=from_1904) == shown
