import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from portal import jobs
from portal.tenancy import school_scope
from students.models import RosterImport, Student
from tests import factories
from tests.students.roster import books

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


def test_search_and_one_student(owner_client, students):
    assert owner_client.get("/api/v1/students/", {"q": "A/2"}).json()["count"] == 1
    assert owner_client.get("/api/v1/students/A/2/").json()["name"] == "王小明"
    assert owner_client.get("/api/v1/students/none/").status_code == 404


def test_import_over_the_api(owner_client, school, season):
    content = books.roster(books.row(1), books.row(2, 姓名=""))
    answer = owner_client.post("/api/v1/roster-imports/", {"file": SimpleUploadedFile("a.xlsx", content)})
    assert answer.status_code == 202
    url = f"/api/v1/roster-imports/{answer.json()['id']}/"
    with school_scope(school):
        jobs.run(RosterImport.objects.get().job_id)
    found = owner_client.get(url).json()
    assert (found["status"], found["new"], found["wrong"]) == ("preview", 1, 1)
    assert found["errors"] == [{"row": 3, "column": "姓名", "code": "empty", "message": "This must be filled."}]
    assert owner_client.post(f"{url}confirm/").status_code == 202
    with school_scope(school):
        jobs.run(RosterImport.objects.get().job_id)
        assert Student.objects.count() == 1
    assert owner_client.post(f"{url}confirm/").status_code == 409


def test_refusals_are_sentences(owner_client, season):
    assert "part" in owner_client.post("/api/v1/roster-imports/").json()["error"]


def test_outsiders(client, center_client, outsider_client, students, school):
    assert client.get("/api/v1/students/").status_code == 403
    assert center_client.get("/api/v1/students/").status_code == 403
    assert outsider_client.get("/api/v1/students/A/2/").status_code == 404
    assert [row["name"] for row in outsider_client.get("/api/v1/students/").json()["results"]] == ["外校"]
