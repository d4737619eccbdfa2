"""Search of students: pinyin, document numbers and phones, which stand in no address, and the counts of the list."""

import pytest
from django.urls import reverse

from portal.models import Look
from portal.tenancy import school_scope, system_scope
from students.lists import number_search, pinyin
from students.lists.student_list import StudentList
from students.models import Student
from tests import factories
from tests.support.words import said

pytestmark = pytest.mark.django_db
PHONE = "13912345678"


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("张小明", ("zhangxiaoming", "zxm")),
        ("单小红", ("shanxiaohong", "sxh")),
        ("尉迟恭", ("yuchigong", "ycg")),
        ("吕布", ("lvbu", "lb")),
        ("买买提·艾力", ("maimaitiaili", "mmtal")),
        ("John Smith", ("johnsmith", "js")),
    ],
)
def test_spelling_of_names(name, spelled):
    assert pinyin.spell(name) == spelled


@pytest.fixture
def students(school, season):
    names = ("张小明", "单小红", "李雷")
    return [
        factories.student(school, season, student_no=f"2023{n:03d}", name=name, class_name=f"软件{n // 2}", phone=phone)
        for n, (name, phone) in enumerate(zip(names, ("", PHONE, ""), strict=True))
    ]


def names_on(page):
    return {name for name in ("张小明", "单小红", "李雷") if f">{name}</a>" in page}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("zhangx", {"张小明"}), ("sxh", {"单小红"}), ("danxiaohong", set()), ("Li Lei", {"李雷"}), ("xiaoming", set())
    ],
)  # fmt: skip
def test_names_are_found_by_pinyin_and_initials(owner_client, students, query, names):
    assert names_on(owner_client.get(reverse("students:roster"), {"q": query}).content.decode()) == names


def test_a_renamed_student_is_spelled_anew(students, school):
    with school_scope(school):
        students[0].name = "曾小明"
        students[0].save()
        assert Student.objects.get(pk=students[0].pk).initials == "zxm"
        assert Student.objects.get(pk=students[0].pk).pinyin == "zengxiaoming"


@pytest.mark.parametrize(
    "typed", [lambda s: s.id_number, lambda s: s.id_number[-4:], lambda s: s.id_number[-6:].lower()]
)
def test_a_document_number_is_found_and_stands_in_no_address(owner_client, students, typed):
    words = typed(students[0])
    answer = owner_client.post(reverse("students:roster_find"), {"number": words, "class_name": "软件0"})
    assert words not in answer["Location"]
    page = owner_client.get(answer["Location"]).content.decode()
    assert "张小明" in names_on(page)
    assert students[0].id_number not in page
    assert Look.objects.get(kind=Look.Kind.NUMBER).students == [students[0].pk]


def test_a_phone_is_found_as_a_whole(owner_client, students):
    answer = owner_client.post(reverse("students:roster_find"), {"number": PHONE})
    assert PHONE not in answer["Location"]
    assert names_on(owner_client.get(answer["Location"]).content.decode()) == {"单小红"}


def test_a_made_up_number_in_the_address_is_left_out_and_said(owner_client, students):
    page = owner_client.get(reverse("students:roster"), {"number": students[0].id_number}).content.decode()
    assert names_on(page) == {"张小明", "单小红", "李雷"}
    assert said("Document number or phone") in page


def test_another_schools_student_is_not_found(outsider_client, students):
    answer = outsider_client.post(reverse("students:roster_find"), {"number": students[0].id_number})
    assert names_on(outsider_client.get(answer["Location"]).content.decode()) == set()


def test_numbers_are_found_while_keys_are_rotated(students, settings, school):
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {9: "another-key-of-thirty-two-characters"}
    with school_scope(school):
        found = number_search.find(Student.objects.all(), students[0].id_number[-4:])
        assert students[0] in found


def test_counts_of_the_whole_list_and_of_its_filters(students, school, season):
    with system_scope():
        Student.objects.filter(pk=students[2].pk).update(stage="review", fee_state="paid")
        rows = Student.objects.filter(school=school, season=season)
        listed = StudentList(rows, {"class_name": "软件0"}, whole=(school, season))
        assert listed.count == 2
        assert {choice.value: choice.count for choice in listed.class_levels[-1].choices} == {"软件0": 2, "软件1": 1}
        assert listed.counts("stage") == {"waiting": 2}
        assert StudentList(rows, {"fee_state": "paid"}, whole=(school, season)).count == 1


@pytest.mark.parametrize("whole", ["school", "center"])
def test_every_page_of_a_long_list_follows_the_one_before(school, other_school, season, monkeypatch, whole):
    monkeypatch.setattr("students.lists.student_list.DEEP_OFFSET", 0)
    monkeypatch.setattr(StudentList, "page_size", 2)
    for n in range(9):
        of = other_school if n == 8 and whole == "center" else school
        factories.student(of, season, student_no=f"N{n}", class_name=f"C{n // 4}")
    with system_scope():
        rows, about = Student.objects.filter(season=season), (school if whole == "school" else None, season)
        pages = [StudentList(rows, {"page": str(number)}, whole=about).page for number in range(1, 6)]
        assert [student.student_no for page in pages for student in page] == [f"N{n}" for n in range(9)]


def test_columns_are_remembered_for_the_person(owner_client, center_client, students):
    heads = f'data-label="{said("Phone")}"', f'data-label="{said("Gender")}"'
    page = reverse("students:roster")
    assert [head in owner_client.get(page).content.decode() for head in heads] == [False, True]
    answer = owner_client.post(
        reverse("students:roster_columns"), {"columns": ["phone", "stage"], "back": "class_name=软件0"}
    )
    shown = owner_client.get(answer["Location"]).content.decode()
    assert [head in shown for head in heads] == [True, False]
    assert PHONE not in shown
    assert names_on(shown) == {"张小明", "单小红"}
    center_client.post(reverse("students:center_columns"), {"columns": ["phone"]})
    assert heads[0] in center_client.get(reverse("students:center_students")).content.decode()


def test_ends_of_numbers_are_not_tried_one_after_another(owner_client, students, monkeypatch):
    monkeypatch.setattr(number_search, "FREE", 3)
    find, end = reverse("students:roster_find"), students[0].id_number[-4:]
    for _ in range(5):  # who finds somebody goes on
        assert owner_client.post(find, {"number": end}).status_code == 302
    tried = [owner_client.post(find, {"number": f"{n:06}"}, headers={"Accept": "application/json"}) for n in range(5)]
    assert [answer.status_code for answer in tried] == [302, 302, 302, 302, 429]
    assert owner_client.post(find, {"number": end}, headers={"Accept": "application/json"}).status_code == 429


@pytest.mark.parametrize("page", ["/school/roster/message/", "/api/v1/students/"])
def test_a_search_by_number_is_such_a_look_in_messages_and_in_the_api_too(owner_client, students, page):
    asked = owner_client.post(reverse("students:roster_find"), {"number": students[0].id_number[-4:]})["Location"]
    assert owner_client.get(f"{page}?{asked.partition('?')[2]}").status_code == 200
    with system_scope():
        assert Look.objects.get().kind == Look.Kind.NUMBER
