"""How a class is chosen in a large school and in a small one."""

import re

import pytest
from django.urls import reverse

from students.lists import class_choice
from students.lists.class_choice import FEW, Place
from tests import factories

COLLEGES, MAJORS, CLASSES = 20, 3, 14  # more classes of a college than are offered at once


def school_of(colleges, majors, classes):
    return [
        Place(f"学院{c}", f"专业{c}-{m}", f"班{c}-{m}-{k}", 30)
        for c in range(colleges)
        for m in range(majors)
        for k in range(classes)
    ]


def shown(places, chosen):
    return {level.name: len(level.choices) for level in class_choice.levels(places, chosen)}


def test_a_large_school_is_narrowed_from_the_college_down():
    places = school_of(COLLEGES, MAJORS, CLASSES)
    assert shown(places, {}) == {"college": COLLEGES}
    assert shown(places, {"college": "学院7"}) == {"college": COLLEGES, "major": MAJORS}
    chosen = {"college": "学院7", "major": "专业7-1"}
    assert shown(places, chosen) == {"college": COLLEGES, "major": MAJORS, "class_name": CLASSES}
    numbers = [choice.count for level in class_choice.levels(places, chosen) for choice in level.choices]
    assert numbers == [MAJORS * CLASSES * 30] * COLLEGES + [CLASSES * 30] * MAJORS + [30] * CLASSES


def test_a_small_school_chooses_its_class_at_once():
    assert shown(school_of(2, 2, FEW // 4), {}) == {"college": 2, "major": 4, "class_name": FEW}
    assert shown(school_of(1, 1, 2), {}) == {"class_name": 2}
    assert shown(school_of(1, 1, 1), {}) == {}


def test_without_colleges_the_major_comes_first():
    places = [place._replace(college="") for place in school_of(1, 5, 20)]
    assert shown(places, {}) == {"major": 5}
    assert shown(places, {"major": "专业0-3"}) == {"major": 5, "class_name": 20}
    many = [place._replace(college="", major="") for place in school_of(1, 1, 200)]
    assert shown(many, {}) == {"class_name": 200}  # nothing above it can be chosen


def test_what_a_link_has_chosen_is_shown_as_chosen():
    places = school_of(COLLEGES, MAJORS, CLASSES)
    levels = {level.name: level for level in class_choice.levels(places, {"class_name": "班3-1-2"})}
    assert levels["class_name"].chosen == "班3-1-2"
    assert [choice.value for choice in levels["class_name"].choices] == ["班3-1-2"]
    of_another = class_choice.levels(places, {"college": "学院7", "class_name": "班3-1-2"})
    assert of_another[-1].chosen == "班3-1-2"


def test_a_form_offers_the_classes_below_what_is_chosen():
    places = school_of(COLLEGES, MAJORS, CLASSES)
    above, classes = class_choice.above_class(places, {})
    assert ([level.name for level in above], classes) == (["college"], [])
    above, classes = class_choice.above_class(places, {"college": "学院7", "major": ""})
    assert ([level.name for level in above], classes) == (["college", "major"], [])
    above, classes = class_choice.above_class(places, {"college": "学院7", "major": "专业7-2"})
    assert [place.class_name for place in classes] == [f"班7-2-{k}" for k in range(CLASSES)]


PAGES = (
    "students:roster",
    "capture:review",
    "proofing:proofs",
    "capture:missing",
    "capture:today",
    "students:class_days",
    "capture:slot_add",
)


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_no_page_offers_every_class_of_a_large_school(page, owner_client, school, season, enrolment):
    stages = {"capture:review": "ready", "proofing:proofs": "approved"}
    for number in range(2 * (FEW + 1)):
        factories.student(
            school,
            season,
            student_no=f"2023{number:03d}",
            stage=stages.get(page, "waiting"),
            college=f"学院{number % 2}",
            class_name=f"第{number}班",
        )

    def options(**asked):
        content = owner_client.get(reverse(page), asked).content.decode()
        return re.findall(r"<option[^>]*>[^<]*(第\d+班)", content)

    assert not options()
    assert options(college="学院1") == sorted(f"第{number}班" for number in range(1, 2 * (FEW + 1), 2))
