import itertools

import pytest

from printing.layout import SheetLayout, group_into_volumes, paginate, sheet_for


def test_five_copies_stand_side_by_side_and_four_students_below_each_other():
    layout = sheet_for(5)
    assert layout.students_per_page == 4
    lefts = [layout.photo(0, copy).left for copy in range(5)]
    assert [round(b - a, 6) for a, b in itertools.pairwise(lefts)] == [37, 37, 37, 37]
    assert layout.photo(3, 4).right == pytest.approx(210 - layout.left)
    assert layout.photo(3, 4).bottom == pytest.approx(297 - layout.top)


def test_image_keeps_the_national_three_to_four():
    image = sheet_for(5).image(0, 0)
    assert image.width / image.height == 3 / 4


@pytest.mark.parametrize("copies", range(1, 21))
def test_no_photo_touches_another_or_leaves_the_printable_page(copies):
    layout = sheet_for(copies)
    boxes = [layout.photo(p, c) for p in range(layout.students_per_page) for c in range(copies)]
    for box in boxes:
        assert box.left >= layout.safe_margin + 5
        assert box.right <= 210 - layout.safe_margin - 5
        assert box.top >= layout.safe_margin + 10
        assert box.bottom <= 297 - layout.safe_margin - 10
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a.right + 3 <= b.left or b.right + 3 <= a.left or a.bottom + 3 <= b.top or b.bottom + 3 <= a.top


def test_more_copies_than_a_page_holds_are_refused():
    with pytest.raises(ValueError, match="21 copies"):
        sheet_for(21)


def test_eight_copies_take_two_rows_a_student():
    layout = sheet_for(8)
    assert layout.students_per_page == 2
    assert layout.photo(1, 0).top == pytest.approx(SheetLayout().photo(2, 0).top)


def test_a_college_begins_a_new_page():
    pages = list(paginate("aaaaabbc", per_page=4, group=str))
    assert pages == [["a"] * 4, ["a"], ["b", "b"], ["c"]]


def test_volumes_hold_whole_pages_and_at_most_the_limit():
    pages = [[1, 2, 3, 4]] * 5 + [[5]]
    volumes = list(group_into_volumes(pages, limit=10))
    assert [sum(map(len, volume)) for volume in volumes] == [8, 8, 5]
    assert [page for volume in volumes for page in volume] == pages
