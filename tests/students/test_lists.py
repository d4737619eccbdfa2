"""The roster page, the center's list, one student's page, exports."""

import csv
import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal import history
from portal.background import jobs
from portal.models import Event, Job, Role
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.lists import exports
from students.lists.student_list import StudentList
from students.models import Student
from tests import factories
from tests.conftest import client_of
from tests.support.database import vacuum
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def students(school, season):
    names = (("王小明", "软件2301", "waiting"), ("王大明", "软件2302", "review"), ("李红", "软件2301", "waiting"))
    return [
        factories.student(school, season, student_no=f"2023{i:03d}", name=name, class_name=class_name, stage=stage)
        for i, (name, class_name, stage) in enumerate(names)
    ]


def get(client, name="roster", *args, **query):
    return client.get(reverse(f"students:{name}", args=args), query).content.decode()


def test_empty_roster_teaches_the_next_step(owner_client, season):
    assert reverse("students:roster_import") in get(owner_client)
    assert said("No students yet") in get(owner_client)


def test_numbers_are_masked(owner_client, students):
    page = get(owner_client)
    for student in students:
        assert student.name in page
        assert student.masked_id in page
        assert student.id_number not in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "王"}, {"王小明", "王大明"}),
        ({"q": "王小"}, {"王小明"}),
        ({"q": "2023002"}, {"李红"}),
        ({"q": "小明"}, set()),
        ({"q": "%"}, set()),
        ({"stage": "review"}, {"王大明"}),
        ({"class_name": "软件2301"}, {"王小明", "李红"}),
        ({"class_name": "软件2301", "q": "王"}, {"王小明"}),
        ({"stage": "nonsense"}, {"王小明", "王大明", "李红"}),
        ({"sort": "nonsense", "page": "99"}, {"王小明", "王大明", "李红"}),
    ],
)
def test_search_and_filters(owner_client, students, query, names):
    page = get(owner_client, **query)
    assert {student.name for student in students if f">{student.name}</a>" in page} == names


def test_chips_count_what_they_would_show(owner_client, students):
    page = get(owner_client, class_name="软件2301")
    assert f'{said("Not photographed")} <span class="count">2</span>' in page
    assert said("In review") not in page.split("<table")[0].split('class="chips"')[1]


def test_sorting_both_ways(owner_client, students):
    page = get(owner_client, sort="-student_no")
    assert page.index("李红</a>") < page.index("王大明</a>") < page.index("王小明</a>")


def test_a_document_number_is_not_searched_for_in_the_address(owner_client, students):
    assert said(
        "A document number or phone goes into the field “Document no. or phone”, so that none stands in an address."
    ) in get(owner_client, q=students[0].id_number)


def test_htmx_gets_the_list_alone_and_a_clean_address(owner_client, students):
    answer = owner_client.get(reverse("students:roster"), {"q": "王", "college": ""}, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert answer["HX-Push-Url"] == f"{reverse('students:roster')}?q=%E7%8E%8B"
    assert "HX-Request" in answer["Vary"]
    # The filters and the export outside of the list follow the search.
    assert answer.content.decode().count('hx-swap-oob="true"') == 3
    assert '<input type="hidden" name="q" value="王">' in answer.content.decode()


def test_query_count_does_not_grow_with_the_rows(owner_client, school, season, django_assert_num_queries):
    factories.student(school, season)
    with CaptureQueriesContext(connection) as one:
        get(owner_client)
    factories.student(school, season)
    factories.student(school, season)
    with django_assert_num_queries(len(one)):
        get(owner_client)


def fill(school, season, number):
    """Many students, without the ORM."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO students_student (school_id, season_id, student_no, name, id_type, id_sealed, id_hash, gender, level,
                   college, major, class_name, phone, email, stage, fee_state, lock_reason, created_at, updated_at)
               SELECT %s, %s, 'N' || n, chr(20000 + n), 'resident', '', 'hash' || n, '', '', 'college', 'major',
                   'class ' || n %% 99, '', '', 'waiting', 'unpaid', '', now(), now() FROM generate_series(1, %s) n""",
            [school.pk, season.pk, number],
        )
    vacuum("students_student")


@pytest.mark.django_db(transaction=True)
def test_search_by_the_beginning_uses_both_indexes(transactional_db, school, season):
    fill(school, season, 3000)
    with school_scope(school), connection.cursor() as cursor:
        mine = Student.objects.filter(season=season, school=school)
        sql, params = StudentList(mine, {"q": "王"}).narrowed().query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "student_name" in plan
    assert "one_student_no" in plan
    assert "Seq Scan" not in plan


def test_the_center_sees_all_schools_and_filters_by_one(center_client, students, other_school, season):
    factories.student(other_school, season, name="赵远")
    page = get(center_client, "center_students")
    assert "赵远" in page
    assert "王小明" in page
    assert "王小明" not in get(center_client, "center_students", school_id=other_school.pk)


def test_center_query_count_does_not_grow_with_the_rows(center_client, school, season, django_assert_num_queries):
    factories.student(school, season)
    with CaptureQueriesContext(connection) as one:
        get(center_client, "center_students")
    factories.student(school, season)
    factories.student(school, season)
    with django_assert_num_queries(len(one)):
        get(center_client, "center_students")


def test_a_school_sees_its_own_students_only(outsider_client, students):
    assert "王小明" not in get(outsider_client)
    assert outsider_client.get(reverse("students:student", args=[students[0].pk])).status_code == 404


# one student


def test_student_page_and_revealing_the_number(owner_client, students):
    student = students[0]
    page = get(owner_client, "student", student.pk)
    assert student.id_number not in page
    answer = owner_client.post(reverse("students:student_reveal", args=[student.pk]), headers={"HX-Request": "true"})
    assert student.id_number in answer.content.decode()
    assert answer["Cache-Control"] == "private, no-store"
    assert Event.objects.filter(kind="student.revealed", object_id=student.pk).count() == 1


def test_the_center_may_look_and_is_recorded(center_client, students, center_admin):
    student = students[0]
    assert student.name in get(center_client, "center_student", student.pk)
    center_client.post(reverse("students:center_student_reveal", args=[student.pk]))
    assert Event.objects.get(kind="student.revealed").actor_name == center_admin.actor_name


def form(**values):
    return {
        "student_no": "2023900",
        "name": "钱多",
        "id_type": "resident",
        "id_number": factories.id_number(333, born="20010909"),
        "major": "软件工程",
        "class_name": "软件2301",
    } | values


def test_adding_by_form(owner_client, school, season):
    answer = owner_client.post(reverse("students:student_add"), form())
    with school_scope(school):
        student = Student.objects.get()
    assert answer["Location"] == reverse("students:student", args=[student.pk])
    assert student.gender == "male"  # as the number says


def test_wrong_cells_of_the_form_keep_what_was_typed(owner_client, season, school):
    answer = owner_client.post(
        reverse("students:student_add"), form(name="钱1", id_number="320102200102031111", major="")
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said("Not a name: letters, characters and the dot · only.") in page
    assert said("The last character does not fit the others: one of them is mistyped.") in page
    assert said("This must be filled.") in page
    assert "钱1" in page


def test_changing_by_form_keeps_the_number_when_left_empty(owner_client, students, school):
    student = students[0]
    values = form(student_no=student.student_no, name="王小新", id_number="", gender=student.gender)
    owner_client.post(reverse("students:student_edit", args=[student.pk]), values)
    with school_scope(school):
        changed = Student.objects.get(pk=student.pk)
    assert (changed.name, changed.id_hash) == ("王小新", student.id_hash)


def test_removing_picked_students(owner_client, students, school):
    waiting = [student.pk for student in students if student.stage == "waiting"]
    owner_client.post(reverse("students:students_remove"), {"pick": waiting})
    with school_scope(school):
        assert Student.objects.count() == 1


def test_a_closed_roster_offers_no_changes(owner_client, students, school):
    with system_scope():
        Enrolment.objects.filter(school=school).update(status=Enrolment.Status.PRINTING)
    page = get(owner_client)
    assert reverse("students:student_add") not in page
    assert 'data-open="remove"' not in page
    assert owner_client.get(reverse("students:student_add")).status_code == 200
    assert owner_client.post(reverse("students:student_add"), form()).status_code == 400


# exports


def export(client, **data):
    return client.post(reverse("students:roster_export"), data)


def test_export_as_workbook_is_masked_and_recorded(owner_client, students):
    answer = export(owner_client, format="xlsx", stage="waiting")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    lines = [[cell.value for cell in row] for row in sheet]
    assert lines[0][:5] == ["学号", "姓名", "性别", "证件类型", "证件号码"]
    assert [line[1] for line in lines[1:]] == ["王小明", "李红"]
    assert lines[1][4] == students[0].masked_id
    assert Event.objects.get(kind="roster.exported").facts == {"count": 2, "format": "xlsx", "in_clear": False}


def test_export_as_csv_opens_in_a_spreadsheet(owner_client, students):
    content = export(owner_client, format="csv").content
    assert content.startswith(b"\xef\xbb\xbf")
    assert len(list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))) == 4


def test_attempts_to_sign_in_as_a_student_are_for_who_reads_the_history(student, owner_client, school):
    for kind in ("student.signed_in", "student.sign_in_failed", "student.number_tried", "student.changed"):
        history.record(kind, student, by=history.SYSTEM)
    sentences = [said("Student signed in"), said("Sign-in of a student failed")]
    sentences.append(said("Document number refused: this student has it"))
    address = f"/school/roster/{student.pk}/"
    page = owner_client.get(address).content.decode()
    assert [sentence for sentence in sentences if sentence in page] == sentences
    reviewer = client_of(factories.person("reviewer", Role.SCHOOL_REVIEWER, school)).get(address).content.decode()
    assert said("Data of the student changed") in reviewer
    assert [sentence for sentence in sentences if sentence in reviewer] == []


def test_numbers_in_clear_are_for_administrators(owner_client, colleague, students):
    url = reverse("students:roster_export_in_clear")
    content = owner_client.post(url, {"format": "csv"}).content.decode()
    assert students[0].id_number in content
    assert Event.objects.get(kind="roster.exported").facts["in_clear"] is True
    assert client_of(colleague).post(url, {"format": "csv"}).status_code == 403


def test_cells_of_an_export_are_no_formulas(owner_client, school, season):
    factories.student(school, season, college="=HYPERLINK(1)")
    content = export(owner_client, format="csv").content.decode()
    assert "'=HYPERLINK(1)" in content


def test_the_center_exports_with_the_school_and_never_in_clear(center_client, students, school):
    answer = center_client.post(reverse("students:center_export"), {"format": "csv", "numbers": "clear"})
    content = answer.content.decode()
    assert school.name in content
    assert students[0].id_number not in content


def test_an_export_refuses_a_filter_that_is_not_known(owner_client, center_client, students):
    answer = export(owner_client, format="csv", stage="nonsense")
    assert answer.status_code == 400
    sentence = said(
        "“%(value)s” is not known for “%(filter)s”; this filter is left out.", value="nonsense", filter="Stage"
    )
    assert sentence in answer.content.decode()
    assert center_client.post(reverse("students:center_export"), {"area": "nonsense"}).status_code == 400
    assert not Event.objects.filter(kind="roster.exported").exists()


@pytest.fixture
def _long(monkeypatch):
    """Two students are a long list."""
    monkeypatch.setattr(exports, "AT_ONCE", 1)


@pytest.mark.usefixtures("_long")
def test_a_long_export_is_made_by_a_job_for_who_asked(owner_client, colleague, students):
    page = export(owner_client, format="csv", stage="waiting")["Location"]
    assert not Event.objects.filter(kind="roster.exported").exists()
    assert said("The last file that you asked for is still being made. Wait until it is done.") in (
        export(owner_client, format="csv").content.decode()
    )
    job = Job.objects.get(kind="roster_export")
    assert page == f"/jobs/{job.pk}/"
    jobs.run(job.pk)
    content = owner_client.get(f"{page}file/").getvalue().decode("utf-8-sig")
    assert [line[1] for line in csv.reader(io.StringIO(content))] == ["姓名", "王小明", "李红"]
    assert students[0].id_number not in content
    assert client_of(colleague).get(f"{page}file/").status_code == 404
    assert Event.objects.get(kind="roster.exported").facts == {"count": 2, "format": "csv", "in_clear": False}


@pytest.mark.usefixtures("_long")
def test_a_long_export_in_clear_asks_for_the_password_at_the_download_too(owner, owner_client, students):
    page = owner_client.post(reverse("students:roster_export_in_clear"), {"format": "xlsx"})["Location"]
    jobs.run(Job.objects.get(kind="roster_export_in_clear").pk)
    book = openpyxl.load_workbook(io.BytesIO(owner_client.get(f"{page}file/").getvalue()))
    assert {row[4] for row in book.active.iter_rows(min_row=2, values_only=True)} == {s.id_number for s in students}
    asked = client_of(owner, gave_password=False).get(f"{page}file/")
    assert students[0].id_number.encode() not in b"".join(asked)
    assert "Content-Disposition" not in asked


@pytest.mark.usefixtures("_long")
def test_a_long_export_of_the_center_names_the_schools(center_client, students, other_school, season):
    factories.student(other_school, season, name="赵远")
    page = center_client.post(reverse("students:center_export"), {"format": "csv"})["Location"]
    jobs.run(Job.objects.get(kind="roster_export").pk)
    content = center_client.get(f"{page}file/").getvalue().decode("utf-8-sig")
    assert {(line[0], line[2]) for line in csv.reader(io.StringIO(content))} >= {
        (other_school.name, "赵远"),
        (students[0].school.name, "李红"),
    }
