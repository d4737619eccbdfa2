import datetime as dt

import pytest
from django.utils import timezone, translation

from portal import formatting


def shanghai(text: str) -> dt.datetime:
    return timezone.make_aware(dt.datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "0.00"), (5, "0.05"), (1500, "15.00"), (123456789, "1,234,567.89"), (-150, "-1.50")],
)
def test_yuan_is_exact(fen, text):
    assert formatting.yuan(fen) == text


@pytest.mark.parametrize(
    ("at", "chinese", "english"),
    [
        ("2026-03-21T13:59:30", "刚刚", "just now"),
        ("2026-03-21T13:55:00", "5 分钟前", "5 minutes ago"),
        ("2026-03-21T08:05:00", "今天 08:05", "today 08:05"),
        ("2026-03-20T23:59:00", "昨天 23:59", "yesterday 23:59"),
        ("2026-03-22T09:00:00", "明天 09:00", "tomorrow 09:00"),
        ("2026-01-02T09:00:00", "1月2日 09:00", "2 January 09:00"),
        ("2025-12-31T09:00:00", "2025年12月31日 09:00", "31 December 2025 09:00"),
    ],
)
def test_moment_reads_as_people_say_it(at, chinese, english):
    now = shanghai("2026-03-21T14:00:00")
    assert formatting.relative_time(shanghai(at), now=now) == chinese
    with translation.override("en"):
        assert formatting.relative_time(shanghai(at), now=now) == english


def test_moment_counts_days_in_shanghai():
    just_after_midnight = dt.datetime(2026, 3, 20, 16, 30, tzinfo=dt.UTC)  # 00:30 of the 21st
    assert formatting.relative_time(just_after_midnight, now=shanghai("2026-03-21T14:00:00")) == "今天 00:30"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("320102200101011234", "3****************4"),
        ("13800001234", "1*********4"),
        ("G1234567", "G******7"),
        ("student@example.org", "s*****************g"),
        ("王小明", "王**"),
        ("王", "*"),
        ("", ""),
    ],
)
def test_masked_hides_the_middle(value, shown):
    assert formatting.mask(value) == shown


def test_notice_lines_tell_titles_headings_and_addresses():
    notice = "关于采集工作的通知\n\n各有关高校：\n一、采集时间\n2022年3月—5月（详见附件1）。\n附件1"
    assert formatting.parse_notice(notice) == [
        ("title", "关于采集工作的通知"),
        ("address", "各有关高校："),
        ("heading", "一、采集时间"),
        ("text", "2022年3月—5月（详见附件1）。"),
        ("heading", "附件1"),
    ]
    assert formatting.parse_notice("要求\n三、注意事项：")[1][0] == "text"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ((2026, 10, 14), (2026, 10, 20), "10月14日 – 10月20日"),
        ((2026, 12, 17), (2027, 1, 14), "12月17日 – 2027年1月14日"),
        ((2027, 10, 14), (2027, 10, 20), "2027年10月14日 – 10月20日"),
        ((2026, 11, 28), (2026, 11, 28), "11月28日"),
        ((2027, 1, 4), (2027, 1, 4), "2027年1月4日"),
    ],
)
def test_days_say_their_year_where_it_is_not_the_present_one(first, last, said):
    assert formatting.day_range(dt.date(*first), dt.date(*last), today=dt.date(2026, 11, 28)) == said
