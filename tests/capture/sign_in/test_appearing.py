"""A school that hands over no list: students appear by their capture codes, and the school confirms them."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from capture.models import Photo, RegistryCode
from capture.review import decisions, worklist
from portal.errors import Conflict, PortalError
from portal.models import Event, Notification
from portal.tenancy import across_schools, school_scope
from schools.models import Enrolment, Season
from students import records
from students.identity import student_access
from students.models import Appearance, CatalogueClass, Student
from students.without_list import appearances, catalogue, choosing
from tests import factories
from tests.conftest import client_of
from tests.support.decoder_peer import DecoderPeer
from tests.support.words import said

pytestmark = pytest.mark.django_db
DOCUMENT = "320***********0016"


@pytest.fixture(scope="module")
def running():
    peer = DecoderPeer()
    yield peer
    peer.stop()


@pytest.fixture
def peer(running, settings, season):
    running.codes, running.faults, running.nonces, running.calls = {}, [], [], 0
    settings.CAPTURE_CODE_DECODER = running.account
    season.without_list = Season.WithoutList.BEFORE
    season.save()
    return running


def without_list(school, season, by):
    """The school has chosen, and has two classes."""
    with school_scope(school):
        enrolment = choosing.choose(
            factories.enrolment_of(school, season), hands_over_list=False, stated_students=40, by=by
        )
        for name in ("软件2301", "软件2302"):
            catalogue.add(enrolment, by=by, college="信息学院", major="软件工程", class_name=name)
    return enrolment


def entry_of(school, name="软件2301"):
    with school_scope(school):
        return CatalogueClass.objects.get(school=school, class_name=name)


def appear(
    peer, school, *, number="R7190", student_no="2023001", client=None, entry=None, name="刘*", document=DOCUMENT
):
    """What the page answers."""
    code = peer.add(f"code of {number}", number=number, name=name, document=document)
    sent = {"entry": (entry or entry_of(school)).pk, "student_no": student_no, "capture_code": code}
    return (client or Client()).post(f"/me/appear/?school={school.code}", sent)


def recognised_by_digits(student) -> Client:
    client = Client()
    session = client.session
    student_access.begin(session, student, recognised_by="in_person", strength="seen")
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client


def sentence(answer) -> str:
    return str(answer.context["form"].non_field_errors()[0])


def the_student(school, **named) -> Student:
    with school_scope(school):
        return Student.objects.select_related("school", "season").get(school=school, **named)


def test_a_student_appears_is_confirmed_by_the_clerk_and_photographs(peer, school, season, owner, owner_client):
    without_list(school, season, owner)
    phone = Client()
    assert school.name in phone.get("/me/appear/").content.decode()
    assert "软件2302" in phone.get(f"/me/appear/?school={school.code}").content.decode()
    assert appear(peer, school, client=phone).status_code == 302
    student = the_student(school)
    assert (student.name, student.masked_id, student.class_name) == ("刘*", DOCUMENT, "软件2301")
    assert (student.id_type, student.id_number) == (Student.IdType.REGISTRY, "R7190")
    assert DOCUMENT in phone.get("/me/confirm/").content.decode()

    with school_scope(school):
        factories.consent(student)
    assert said("Your school has not confirmed you yet") in phone.get("/me/").content.decode()
    assert phone.get("/me/camera/").status_code == 302  # before the photo, as the season says
    overview = owner_client.get("/school/").content.decode()
    assert said("%(n)s student has appeared by a capture code and waits to be confirmed.", n=1) in overview
    listed = owner_client.get("/school/roster/?appearance=waiting").content.decode()
    assert "刘*" in listed
    assert DOCUMENT in listed
    asked = owner_client.post(f"/school/roster/bulk/?do=confirm&pick={student.pk}", {"sure": "yes"})
    assert asked.status_code == 302
    with school_scope(school):
        appearances.confirm(student, by=owner)  # what the job does
        assert Notification.objects.filter(kind="appearance.confirmed", recipient_key=student.actor_key).exists()
    assert phone.get("/me/camera/").status_code == 200
    page = owner_client.get(f"/school/roster/{student.pk}/").content.decode()
    assert said("Appeared by a capture code") in page
    assert "R7190" not in page
    assert "R7190" in owner_client.post(f"/school/roster/{student.pk}/reveal/").content.decode()
    copy = phone.post("/me/data/copy/")
    assert b"R7190" in zipfile.ZipFile(io.BytesIO(copy.content)).read("data.json")
    assert recognised_by_digits(student).post("/me/data/copy/").status_code == 403  # a helper may give them to anybody
    # Another day: the code and the student number, as for everybody.
    again = Client().post("/me/sign-in/?by=capture_code", {"student_no": "2023001", "capture_code": "code of R7190"})
    assert again.status_code == 302
    facts = {"name": "刘*", "id_number": "R7190", "student_no": "2023001"}
    assert Client().post("/me/sign-in/?by=roster_facts", facts).status_code == 403


def test_a_mini_program_makes_a_student_appear_in_a_class_that_was_chosen(peer, school, other_school, season, owner):
    without_list(school, season, owner)
    factories.enrolment_of(other_school, season)
    phone, url = Client(), "/api/v1/me/appearing/"
    assert phone.get(url).json() == {"schools": [{"code": school.code, "name": school.name}], "classes": []}
    assert phone.get(url, {"school": other_school.code}).status_code == 404  # it hands over a list
    (first, second) = phone.get(url, {"school": school.code}).json()["classes"]
    assert (first["college"], first["class_name"], second["class_name"]) == ("信息学院", "软件2301", "软件2302")
    code = peer.add("code of R7190", number="R7190", name="刘*", document=DOCUMENT)
    sent = {"school": school.code, "class_id": second["id"], "student_no": "2023001", "capture_code": code}

    def post(**other):
        return phone.post(url, sent | other, content_type="application/json")

    assert post(class_id=0).status_code == 400
    assert post(school=other_school.code).status_code == 404
    assert post(capture_code="no code").status_code == 403
    token = post().json()["token"]
    assert the_student(school).class_name == "软件2302"
    me = phone.get("/api/v1/me/", headers={"Authorization": f"Student {token}"}).json()
    assert (me["name"], me["id_number"], me["class_name"]) == ("刘*", DOCUMENT, "软件2302")
    assert post().status_code == 403  # appeared already
    with school_scope(school):
        Enrolment.objects.update(status=Enrolment.Status.RECEIVED)
    assert post().status_code == 409
    assert phone.get(url, {"school": school.code}).json()["classes"] == []


def test_whom_the_school_refuses_reads_why_and_appears_again(peer, school, other_school, season, owner, outsider):
    without_list(school, season, owner)
    without_list(other_school, season, outsider)
    phone = Client()
    appear(peer, school, client=phone)
    student = the_student(school)
    with school_scope(school):
        appearances.refuse(student, reason="班级选错了，请选软件2302。", by=owner)
    assert "班级选错了" in phone.get("/me/").content.decode()
    later = Client().post("/me/sign-in/?by=capture_code", {"student_no": "2023001", "capture_code": "code of R7190"})
    assert "班级选错了" in later.content.decode()
    assert appear(peer, school, entry=entry_of(school, "软件2302")).status_code == 302
    student = the_student(school)
    with school_scope(school):
        assert (student.stage, student.class_name, student.appearance.status) == ("waiting", "软件2302", "waiting")
    again = Client()
    again.post("/me/sign-in/?by=capture_code", {"student_no": "2023001", "capture_code": "code of R7190"})
    with school_scope(school):
        factories.consent(student)
    assert "班级选错了" not in again.get("/me/").content.decode()  # it is over
    with school_scope(school):
        appearances.refuse(student, reason="不是我校学生。", by=owner)
    assert appear(peer, other_school).status_code == 302  # it was the other school
    assert the_student(other_school).name == "刘*"
    assert the_student(school).id_number == ""


def test_one_code_is_one_student_and_one_number_too(peer, school, other_school, season, owner, outsider):
    without_list(school, season, owner)
    without_list(other_school, season, outsider)
    appear(peer, school)
    elsewhere = appear(peer, other_school)
    assert elsewhere.status_code == 403
    assert school.name in sentence(elsewhere)
    assert "2023001" in sentence(appear(peer, school, student_no="2023009"))
    taken = appear(peer, school, number="R2")
    assert sentence(taken) == said(
        "Another student has this student number. Check the number; if it is yours, tell your school."
    )
    whys = Event.objects.filter(kind="student.sign_in_failed").order_by("pk").values_list("facts__why", flat=True)
    assert list(whys) == ["other_school", "appeared", "number_taken"]
    with across_schools():
        assert Student.objects.count() == RegistryCode.objects.count() == 1


def test_a_code_that_a_student_of_a_list_has_used_appears_nowhere(
    peer, student, school, other_school, season, outsider
):
    without_list(other_school, season, outsider)
    shown = {"name": student.name[0] + "*", "document": student.id_number[:3] + "*" * 15}
    code = peer.add("listed", number="R7190", **shown)
    season.sign_in_offered = ["capture_code"]
    season.save()
    used = Client().post("/me/sign-in/", {"student_no": student.student_no, "capture_code": code})
    assert used.status_code == 302
    assert appear(peer, other_school, **shown).status_code == 403
    with across_schools():
        assert list(Student.objects.all()) == [student]


def test_the_same_in_stars_is_told_and_needs_a_look(peer, school, season, owner, owner_client):
    without_list(school, season, owner)
    appear(peer, school)
    appear(peer, school, number="R2", student_no="2023002")
    first, second = (the_student(school, student_no=number) for number in ("2023001", "2023002"))
    listed = owner_client.get("/school/roster/?appearance=alike").content.decode()
    assert listed.count(said("The same in stars as another")) >= 2
    with school_scope(school), pytest.raises(Conflict):
        appearances.confirm(first, by=owner)
    assert owner_client.post(f"/school/roster/{second.pk}/confirm/").status_code == 302
    with school_scope(school):
        assert Appearance.objects.get(student=second).status == "confirmed"


def test_after_the_photo_nothing_is_approved_before_the_school_has_confirmed(peer, school, season, owner):
    season.without_list = Season.WithoutList.AFTER
    season.save()
    without_list(school, season, owner)
    phone = Client()
    appear(peer, school, client=phone)
    student = the_student(school)
    with school_scope(school):
        factories.consent(student)
    assert phone.get("/me/camera/").status_code == 200
    with school_scope(school):
        Student.objects.filter(pk=student.pk).update(stage=Student.Stage.REVIEW)
        photo = factories.photo(student, status=Photo.Status.SUBMITTED, outcome="green")
        assert not worklist.approvable_together(Photo.objects.all()).exists()
        with pytest.raises(Conflict):
            decisions.approve(photo=photo, by=owner)
        appearances.refuse(student, reason="不是我校学生。", by=owner)
        photo.refresh_from_db()
        student.refresh_from_db()
    assert (photo.status, student.stage) == ("returned", "left")


def test_who_it_is_stays_and_the_class_is_one_of_the_catalogue(peer, school, season, owner):
    enrolment = without_list(school, season, owner)
    appear(peer, school)
    with school_scope(school):
        student = the_student(school)
        appearances.reclass(student, entry=entry_of(school, "软件2302").pk, by=owner)
        assert the_student(school).class_name == "软件2302"
        for wrong in ({"name": "刘婷"}, {"class_name": "软件2399"}):
            with pytest.raises(records.WrongData):
                records.change_student(student=the_student(school), by=owner, **wrong)
        with pytest.raises(PortalError):
            records.add_student(
                school=school, season=season, by=owner, id_number=factories.id_number(9), student_no="1", name="李一"
            )
        with pytest.raises(Conflict):  # there are students: the way stays
            choosing.choose(enrolment, hands_over_list=True, stated_students=0, by=owner)
        with pytest.raises(Conflict):
            catalogue.remove(entry_of(school, "软件2302"), enrolment=enrolment, by=owner)


def test_the_catalogue_is_read_from_a_workbook_and_takes_no_names(school, season, owner, owner_client, peer):
    enrolment = without_list(school, season, owner)
    book = Workbook()
    for row in (
        ("某某大学 2027 届",),
        ("序号", "姓名", "学院", "专业", "班级", "培养层次"),
        (1, "刘婷", "信息学院", "软件工程", "软件2301", "本科"),
        (2, "王二", "信息学院", "网络工程", "网络2301", "本科"),
        (3, "李三", "信息学院", "网络工程", "网络2301", "本科"),
        (4, "赵四", "信息学院", "", "网络2302", ""),
    ):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    sent = SimpleUploadedFile("classes.xlsx", file.getvalue())
    assert owner_client.post("/school/roster/catalogue/import/", {"file": sent}).status_code == 302
    page = owner_client.get("/school/roster/catalogue/")
    assert "网络2301" in page.content.decode()
    assert "刘婷" not in page.content.decode()
    assert next(str(message) for message in page.context["messages"]) == said("%(n)d class is new.", n=1)
    with school_scope(school):
        assert catalogue.of_school(enrolment).count() == 3


def test_a_season_decides_whether_a_school_may(school, season, owner, owner_client):
    chosen = {"way": "codes", "stated_students": "40"}
    assert owner_client.post("/school/roster/catalogue/", chosen).status_code == 422
    season.without_list = Season.WithoutList.BEFORE
    season.save()
    assert owner_client.post("/school/roster/catalogue/", {"way": "codes"}).status_code == 422  # how many?
    assert owner_client.post("/school/roster/catalogue/", chosen).status_code == 302
    assert not factories.enrolment_of(school, season).hands_over_list
    assert client_of(owner).get("/school/roster/catalogue/").status_code == 200
