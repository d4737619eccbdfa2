"""What one person or one school may send in a day has an end, with a sentence that says when to go on."""

import datetime as dt
from dataclasses import replace
from types import ModuleType

import pytest
from django.utils import timezone

from portal import notifications
from portal.accounts import people
from portal.errors import RateLimited
from portal.models import Role
from portal.security import rate_limits
from portal.tenancy import center_scope, school_scope
from proofing import scanned_paper
from schools import group_messages as messages_to_schools
from schools import inquiries
from schools.days import days_requests
from students.announcing import group_messages
from students.correcting import corrections
from students.models import Student
from students.moving import school_changes
from tests import factories
from tests.support.school_papers import STAMPED
from tests.support.words import said

pytestmark = pytest.mark.django_db
TEXT = {"subject": "退费", "text": "多汇了 15 元"}
MESSAGE = {"subject": "退费", "body": "多汇了 15 元"}


@pytest.fixture
def after_one(monkeypatch):
    def limit(module: ModuleType, name: str) -> None:
        monkeypatch.setattr(module, name, replace(getattr(module, name), most=1))

    return limit


@pytest.mark.parametrize("name", ["LETTERS", "LETTERS_OF_SCHOOL"])
def test_letters_to_the_center(after_one, name, school, season, owner):
    after_one(inquiries, name)
    with school_scope(school):
        row = inquiries.ask(school, season, by=owner, topic="fees", **TEXT)
        with pytest.raises(RateLimited):
            inquiries.ask(school, season, by=owner, topic="fees", **TEXT)
        with pytest.raises(RateLimited):
            inquiries.write_again(row, text="再问", by=owner)


def test_requests_for_days(after_one, enrolment, owner, scoped):
    after_one(days_requests, "REQUESTS")
    day = timezone.localdate() + dt.timedelta(days=30)
    asked = {"by": owner, "reason": "实习", "kind": "regular", "starts_on": day, "ends_on": day}
    days_requests.ask(enrolment, **asked)
    with pytest.raises(RateLimited):
        days_requests.ask(enrolment, **asked)


def test_students_of_other_schools(after_one, school, other_school, season, owner):
    after_one(school_changes, "MOVES")
    for number in ("110101200001010015", "110101200001010023"):
        with school_scope(other_school):
            factories.student(other_school, season, id_number=number)

    def ask(number: str) -> None:
        values = {"student_no": f"M{number}", "name": "王五", "level": "bachelor", "college": "法学院", "major": "法学"}
        with school_scope(school):
            school_changes.ask(
                school=school, season=season, by=owner, id_number=number, id_type="passport", class_name="1", **values
            )

    ask("110101200001010015")
    with pytest.raises(RateLimited):
        ask("110101200001010023")


@pytest.mark.parametrize(("name", "is_own"), [("OWN", True), ("OPENED", False)])
def test_corrections(after_one, name, is_own, student, owner, scoped):
    after_one(corrections, name)
    by = student if is_own else owner
    corrections.request_correction(student=student, field="name", wanted="李壹", by=by)
    with pytest.raises(RateLimited):
        corrections.request_correction(student=student, field="college", wanted="法学院", by=by)


@pytest.mark.parametrize(("name", "is_own"), [("OWN_PAPERS", True), ("PAPERS", False)])
def test_files_of_papers_are_counted_before_they_are_opened(after_one, name, is_own, student, owner, monkeypatch):
    after_one(scanned_paper, name)
    opened = []
    monkeypatch.setattr(scanned_paper.scans, "picture_of_pdf", opened.append)
    by = student if is_own else owner
    scanned_paper.picture_of(b"%PDF-1.4", purpose="evidence", by=by)
    for content in (b"%PDF-1.4", STAMPED):
        with pytest.raises(RateLimited):
            scanned_paper.picture_of(content, purpose="evidence", by=by)
    assert len(opened) == 1


def test_messages_to_many(after_one, school, season, student, owner, center_admin):
    after_one(notifications, "TO_MANY")
    with center_scope():
        messages_to_schools.start([school], by=center_admin, **MESSAGE)
        with pytest.raises(RateLimited):
            messages_to_schools.start([school], by=center_admin, **MESSAGE)
    whom = {"asked": {}, "school": school, "season": season, "by": owner}
    with school_scope(school):
        group_messages.start(Student.objects.filter(season=season), **whom, **MESSAGE)
        with pytest.raises(RateLimited):
            group_messages.start(Student.objects.filter(season=season), **whom, **MESSAGE)


def test_accounts_and_links(after_one, school, owner):
    after_one(people, "LINKS")
    with school_scope(school):
        asked = {"full_name": "王五", "roles": [Role.SCHOOL_OFFICER], "by": owner, "school": school}
        new = people.invite(username="wang1", email="wang1@x.org", **asked)
        with pytest.raises(RateLimited):
            people.invite(username="wang2", email="wang2@x.org", **asked)
        with pytest.raises(RateLimited):
            people.renew_link(new.member, by=owner)


def test_the_sentence_says_how_many_and_when_to_go_on(after_one):
    after_one(inquiries, "LETTERS")
    inquiries.LETTERS.count("somebody")
    with pytest.raises(RateLimited) as refused:
        inquiries.LETTERS.count("somebody")
    hours = {said(str(inquiries.LETTERS.sentence._args[0]), n=1, hours=hours) for hours in range(1, 25)}
    assert str(refused.value) in hours
    inquiries.LETTERS.count("somebody else")


def test_without_redis_nobody_is_kept_from_the_work(after_one, monkeypatch):
    def is_away(*args, **kwargs):
        raise rate_limits.RedisError

    after_one(inquiries, "LETTERS")
    monkeypatch.setattr(rate_limits, "get_usage", is_away)
    for _time in range(3):
        inquiries.LETTERS.count("somebody")
