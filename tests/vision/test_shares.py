"""Wilson's interval, against values of the published tables."""

import pytest

from vision.evaluation.shares import Share


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (1, 51, 0.0035, 0.1030),
    ],
)
def test_interval_is_wilsons(hits, of, low, high):
    assert Share(hits, of).interval == pytest.approx((low, high), abs=0.0005)


def test_share_of_nothing_has_no_value_and_no_interval():
    assert (Share(0, 0).value, Share(0, 0).interval) == (None, None)


def test_interval_narrows_with_more_photos():
    widths = [high - low for low, high in (Share(n // 10, n).interval for n in (10, 100, 1000, 10000))]
    assert widths == sorted(widths, reverse=True)
