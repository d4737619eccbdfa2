import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing.accounts import fee_accounts, ledger
from capture.review import decisions
from portal.background import jobs
from portal.changes import states
from portal.tenancy import school_scope
from students import records
from students.api import Pages
from students.models import RosterImport, Student
from tests import factories
from tests.students.roster import books
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def students(school, other_school, season):
    factories.student(other_school, season, name="外校")
    return [factories.student(school, season, student_no=f"A/{n}", name="王小明") for n in range(3)]


def test_list_of_the_own_school(owner_client, students):
    found = owner_client.get("/api/v1/students/", {"limit": 2}).json()
    assert found["count"] == 3
    assert [row["student_no"] for row in found["results"]] == ["A/0", "A/1"]
    assert found["results"][0]["id_number"] == students[0].masked_id
    assert "id_sealed" not in found["results"][0]


def test_a_list_has_no_more_rows_than_the_most(owner_client, students, monkeypatch):
    assert Pages.max_limit == 500
    monkeypatch.setattr(Pages, "max_limit", 2)
    assert len(owner_client.get("/api/v1/students/", {"limit": 1_000_000}).json()["results"]) == 2


def test_search_and_one_student(owner_client, students):
    assert owner_client.get("/api/v1/students/", {"q": "A/2"}).json()["count"] == 1
    assert owner_client.get("/api/v1/students/A/2/").json()["name"] == "王小明"
    assert owner_client.get("/api/v1/students/none/").status_code == 404


def test_an_unknown_filter_is_refused(owner_client, students):
    answer = owner_client.get("/api/v1/students/", {"stage": "nonsense"})
    assert answer.status_code == 400
    assert answer.json()["error"] == said(
        "“%(value)s” is not known for “%(filter)s”; this filter is left out.", value="nonsense", filter="Stage"
    )


def _settle(student, by):
    """The transfer of the school pays for its one photographed student."""
    enrolment, today = factories.enrolment_of(student.school, student.season), timezone.localdate()
    fee_accounts.record_transfer(enrolment, by=by, amount_fen=1500, booked_on=today, reference="B-1")


def _reopen(student, by):
    """The transfer is reversed: the student is unpaid again."""
    account = ledger.account_of(factories.enrolment_of(student.school, student.season))
    fee_accounts.reverse_transfer(account.entries.get(reference="B-1"), reason="another school's", by=by)


CHANGES = {
    "stage": lambda student, by: states.change(student, Student.Stage.APPROVED, by=by),
    "stage_of_many": lambda student, by: states.change_many(
        Student.objects.filter(pk=student.pk), Student.Stage.APPROVED, by=by
    ),
    "fee_of_one": lambda student, by: ledger.set_fee_state(student, Student.FeeState.PAID, by=by),
    "fee_settled": _settle,
    "fee_reopened": _reopen,
    "lock": lambda student, by: decisions.lock(student=student, reason="beautified", by=by),
    "data": lambda student, by: records.change_student(student=student, by=by, major="信息安全"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_updated_since_finds_every_change_of_what_the_list_tells(owner_client, owner, school, season, what):
    student, _other = (factories.student(school, season, stage=Student.Stage.REVIEW) for _ in range(2))
    with school_scope(school):
        Student.objects.exclude(pk=student.pk).update(stage=Student.Stage.WAITING)
        if what == "fee_reopened":
            _settle(student, owner)
        since = timezone.now()
        CHANGES[what](student, owner)
    found = owner_client.get("/api/v1/students/", {"updated_since": since.isoformat()}).json()
    assert [row["student_no"] for row in found["results"]] == [student.student_no]


def test_updated_since_finds_who_was_unlocked(owner_client, owner, student):
    with school_scope(student.school):
        decisions.lock(student=student, reason="beautified", by=owner)
        since = timezone.now()
        assert owner_client.get("/api/v1/students/", {"updated_since": since.isoformat()}).json()["count"] == 0
        decisions.unlock(student=student, reason="a talk", by=owner)
    assert owner_client.get("/api/v1/students/", {"updated_since": since.isoformat()}).json()["count"] == 1


def test_updated_since_that_is_no_moment_is_refused_with_a_sentence(owner_client, season):
    answer = owner_client.get("/api/v1/students/", {"updated_since": "yesterday"})
    assert answer.status_code == 400
    assert "updated_since" in answer.json()["error"]


def test_import_over_the_api(owner_client, school, season):
    content = books.roster(books.row(1), books.row(2, 姓名=""))
    answer = owner_client.post("/api/v1/roster-imports/", {"file": SimpleUploadedFile("a.xlsx", content)})
    assert answer.status_code == 202
    url = f"/api/v1/roster-imports/{answer.json()['id']}/"
    with school_scope(school):
        jobs.run(RosterImport.objects.get().job_id)
    found = owner_client.get(url).json()
    assert (found["status"], found["new"], found["wrong"]) == ("preview", 1, 1)
    (error,) = found["errors"]
    assert error.pop("sheet")
    assert error == {"row": 3, "column": "姓名", "code": "empty", "message": said("This must be filled.")}
    assert owner_client.post(f"{url}confirm/").status_code == 202
    with school_scope(school):
        jobs.run(RosterImport.objects.get().job_id)
        assert Student.objects.count() == 1
    assert owner_client.post(f"{url}confirm/").status_code == 409


def test_refusals_are_sentences(owner_client, season):
    answer = owner_client.post("/api/v1/roster-imports/")
    assert answer.json()["error"] == said("Send the roster as the part “file” of a form.")


def test_outsiders(client, center_client, outsider_client, students, school):
    assert client.get("/api/v1/students/").status_code == 403
    assert center_client.get("/api/v1/students/").status_code == 403
    assert outsider_client.get("/api/v1/students/A/2/").status_code == 404
    assert [row["name"] for row in outsider_client.get("/api/v1/students/").json()["results"]] == ["外校"]
