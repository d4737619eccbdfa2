"""The same picture under two students: found across schools and seasons, shown to both sides, settled by a person."""

import datetime as dt
import io
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image, ImageEnhance

from capture import retention
from capture.judging import judge, likeness
from capture.judging.limits import in_force
from capture.models import Finding, Imprint, Likeness, LimitSet, Photo
from capture.tasks import sweep
from capture.upload.intake import accept_upload
from demo.drawn_people import Person, draw_jpeg
from portal.errors import Conflict
from portal.models import Event, Notification, Role
from portal.tenancy import school_scope, system_scope
from schools.models import Season
from tests import factories
from tests.conftest import client_of
from tests.support.addresses import dated
from tests.support.letters import letter
from tests.support.words import said
from vision.likeness.imprint import mirror_imprint

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return Image.open(io.BytesIO(draw_jpeg(Person.random(7), size=(900, 1200))))


def as_file(picture: Image.Image, quality: int = 90) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def altered(picture: Image.Image) -> bytes:
    """Cropped, smaller, brighter, saved again."""
    cropped = picture.crop((30, 20, 870, 1160)).resize((756, 1026))
    return as_file(ImageEnhance.Brightness(cropped).enhance(1.1), 75)


def sent(student, data: bytes) -> Photo:
    """Taken in and judged as by the worker."""
    factories.consent(student)
    with school_scope(student.school):
        photo = accept_upload(
            student=student,
            enrolment=factories.enrolment_of(student.school, student.season),
            data=data,
            token=uuid.uuid4(),
            origin="camera",
            by=student,
        )
        if photo.status == Photo.Status.CHECKING:
            judge.judge_photo(photo_id=photo.pk)
        photo.refresh_from_db()
    return photo


@pytest.fixture
def stranger(other_school, season):
    return factories.student(other_school, season, name="王小二")


@pytest.fixture
def pair(student, stranger, picture):
    """The same picture, altered, under students of two schools."""
    return sent(student, as_file(picture)), sent(stranger, altered(picture))


def rows() -> list[Likeness]:
    with system_scope():
        return list(Likeness.objects.order_by("pk"))


def duplicate(photo: Photo) -> Finding | None:
    with system_scope():
        return Finding.objects.filter(photo=photo, rule="duplicate").first()


def colour(photo: Photo) -> str:
    with system_scope():
        return Photo.objects.get(pk=photo.pk).outcome


def test_an_altered_picture_is_found_at_another_school(pair):
    mine, theirs = pair
    assert {(row.photo_id, row.other_id, row.school_id) for row in rows()} == {
        (mine.pk, theirs.pk, mine.school_id),
        (theirs.pk, mine.pk, theirs.school_id),
    }
    for photo in pair:
        finding = duplicate(photo)
        assert finding.outcome == "warn"
        assert finding.limit == 72
        assert finding.value == rows()[0].bits <= 72
        assert colour(photo) == "amber"
    assert Event.objects.filter(kind="photo.likeness_found").count() == 2


def test_another_person_is_not(student, stranger, picture):
    sent(student, as_file(picture))
    other = sent(stranger, draw_jpeg(Person.random(5), size=(900, 1200)))
    assert other.status == Photo.Status.READY
    assert rows() == []


def test_a_mirrored_imprint_is_found(student, stranger, picture):
    mine = sent(student, as_file(picture))
    theirs = factories.photo(stranger, Photo.Status.READY)
    with system_scope():
        stored = likeness.from_bit_string(mine.imprint.bits)
        likeness.store_imprint(theirs, mirror_imprint(stored))
        assert likeness.compare_photo(theirs) == [likeness.Match(mine.pk, 0, True)]
    assert all(row.is_mirrored for row in rows())


def test_the_students_own_attempts_never(student, picture):
    sent(student, as_file(picture))
    sent(student, altered(picture))
    with system_scope():
        assert Imprint.objects.count() == 2
    assert rows() == []


def test_many_own_attempts_do_not_hide_the_picture_of_another(pair, student):
    _mine, theirs = pair
    with system_scope():
        bits = likeness.from_bit_string(theirs.imprint.bits)
        for _n in range(likeness.MOST_SHOWN + 1):
            likeness.store_imprint(factories.photo(student, is_current=False), bits)
        found = likeness.find_near(bits, limit=0, student_id=student.pk)
    assert [match.photo_id for match in found] == [theirs.pk]


def test_a_rejected_photo_leaves_no_imprint(student, shut_eyes):
    photo = sent(student, shut_eyes)
    assert photo.status == Photo.Status.REJECTED
    assert photo.compared_at
    with system_scope():
        assert not Imprint.objects.exists()


def test_comparing_twice_changes_nothing(pair):
    with system_scope():
        for photo in pair:
            likeness.compare_photo(photo)
    assert len(rows()) == 2
    assert Event.objects.filter(kind="photo.likeness_found").count() == 2


def test_a_season_may_move_or_switch_off_the_limit(student, stranger, season, picture):
    LimitSet.objects.create(season=season, number=1, changes={"duplicate": {"warn": None}}, reason="off")
    assert in_force(season).number == 1
    sent(student, as_file(picture))
    sent(stranger, altered(picture))
    assert rows() == []


def test_reviewers_of_a_decided_photo_are_told(student, stranger, owner, outsider, picture):
    mine = sent(student, as_file(picture))
    with system_scope():
        Photo.objects.filter(pk=mine.pk).update(status=Photo.Status.APPROVED)
    sent(stranger, altered(picture))
    with system_scope():
        message = Notification.objects.get(kind="likeness_found")
        assert message.recipient_key == owner.actor_key
        assert student.name in letter(message).body
        assert stranger.name not in letter(message).body
        assert Photo.objects.get(pk=mine.pk).status == Photo.Status.APPROVED
    assert client_of(owner).get(message.link).status_code == 200


def earlier(season) -> Season:
    year = season.year - 1
    return factories.season(
        year=year, graduating_class=year + 1, status=Season.Status.CLOSED, closed_on=timezone.localdate()
    )


def test_the_students_own_photo_of_an_earlier_season_says_so(student, other_school, season, owner, picture):
    before = factories.student(other_school, earlier(season), id_number=student.id_number)
    old = factories.photo(before, Photo.Status.APPROVED)
    mine = sent(student, as_file(picture))
    with system_scope():
        likeness.store_imprint(old, likeness.from_bit_string(mine.imprint.bits))
        likeness.compare_photo(mine)
    (row,) = rows()
    assert (row.photo_id, row.other_id, row.is_own) == (mine.pk, old.pk, True)
    page = client_of(owner).get(f"/school/review/?state=all&photo={mine.pk}").content.decode()
    message = "The student has graduated before: this is their own photo for the class of %(year)s. A new photo is needed; please return it."
    assert said(message, year=season.year) in page
    assert said("Confirm and lock") not in page
    assert student.id_number not in page


def test_a_photo_of_an_earlier_season_keeps_its_verdict(student, stranger, season, other_school, picture):
    old = factories.photo(factories.student(other_school, earlier(season)), Photo.Status.APPROVED)
    mine = sent(student, as_file(picture))
    with system_scope():
        likeness.store_imprint(old, likeness.from_bit_string(mine.imprint.bits))
        likeness.compare_photo(mine)
    assert len(rows()) == 2
    assert duplicate(mine)
    assert duplicate(old) is None
    assert colour(old) == "green"


def test_the_search_goes_through_the_index(pair):
    values = likeness.near_parameters("0f" * 64, limit=72, student_id=0)
    with connection.cursor() as cursor:
        cursor.execute(likeness.PLANNER, ["off", "off"])
        cursor.execute("EXPLAIN " + likeness.NEAR, values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Bitmap Index Scan on imprint_words" in plan
    assert "Seq Scan" not in plan


# both sides see it


def review_page(person, photo: Photo) -> str:
    return client_of(person).get(f"/school/review/?state=all&photo={photo.pk}").content.decode()


def test_the_other_side_is_masked(pair, owner, student, stranger):
    mine, theirs = pair
    page = review_page(owner, mine)
    assert said("The same picture twice?") in page
    assert "王**" in page
    assert stranger.name not in page
    assert stranger.student_no not in page
    assert stranger.school.name in page
    row = next(row for row in rows() if row.photo_id == mine.pk)
    assert dated(f"/school/likenesses/{row.pk}/picture/") in page
    assert f"photo={theirs.pk}" not in page


def test_within_a_school_names_and_links_are_whole(student, season, school, owner, picture):
    classmate = factories.student(school, season, name="赵小六")
    mine, theirs = sent(student, as_file(picture)), sent(classmate, altered(picture))
    page = review_page(owner, mine)
    assert "赵小六" in page
    assert f"?state=all&amp;photo={theirs.pk}" in page


def test_only_the_counterpart_is_served_and_each_look_is_recorded(pair, owner, outsider, school, season):
    mine, theirs = pair
    row = next(row for row in rows() if row.photo_id == mine.pk)
    url = f"/school/likenesses/{row.pk}/picture/"
    answer = client_of(owner).get(url)
    assert answer["Content-Type"] == "image/jpeg"
    with system_scope():
        shown = factories.content(Photo.objects.get(pk=theirs.pk).preview)
    assert b"".join(answer.streaming_content) == shown
    look = Event.objects.get(kind="photo.compared")
    assert (look.object_id, look.school_id, look.actor_key) == (theirs.pk, theirs.school_id, owner.actor_key)
    assert client_of(outsider).get(url).status_code == 404
    assert client_of(owner).get(f"/school/photos/{theirs.pk}/preview/").status_code == 404
    assert Event.objects.filter(kind="photo.compared").count() == 1


def test_a_school_settles_its_own_side(pair, owner, outsider):
    mine, theirs = pair
    row = next(row for row in rows() if row.photo_id == mine.pk)
    answer = client_of(owner).post(f"/school/likenesses/{row.pk}/clear/")
    assert answer.status_code == 302
    assert duplicate(mine) is None
    assert colour(mine) == "green"
    assert duplicate(theirs)
    assert colour(theirs) == "amber"
    assert Event.objects.filter(kind="photo.likeness_cleared").count() == 1
    answer = f"{said('says the other side')}{said(': ')}Owner (Lakeside University)"
    assert answer in " ".join(review_page(outsider, theirs).split())
    assert client_of(owner).get(f"/school/likenesses/{row.pk}/picture/").status_code == 404
    with school_scope(mine.school), pytest.raises(Conflict):
        likeness.clear_likeness(likeness=row, by=owner)


def test_the_center_settles_both_sides(pair, center_officer):
    row = rows()[0]
    client_of(center_officer).post(f"/center/likenesses/{row.pk}/clear/")
    for photo in pair:
        assert duplicate(photo) is None
        assert colour(photo) == "green"
    assert Event.objects.filter(kind="photo.likeness_cleared").count() == 2


def test_within_a_school_one_word_settles_both(student, season, school, owner, picture):
    classmate = factories.student(school, season)
    mine, theirs = sent(student, as_file(picture)), sent(classmate, altered(picture))
    with school_scope(school):
        likeness.clear_likeness(likeness=rows()[0], by=owner)
    assert duplicate(mine) is None
    assert duplicate(theirs) is None


def test_clearing_one_leaves_the_others(pair, season, school, owner, picture):
    mine, _theirs = pair
    sent(factories.student(school, season), altered(picture))
    row = next(row for row in rows() if row.photo_id == mine.pk)
    with school_scope(mine.school):
        likeness.clear_likeness(likeness=row, by=owner)
    assert duplicate(mine)
    assert colour(mine) == "amber"


def test_a_cleared_one_is_not_found_again(pair, owner):
    mine, _theirs = pair
    row = next(row for row in rows() if row.photo_id == mine.pk)
    with school_scope(mine.school):
        likeness.clear_likeness(likeness=row, by=owner)
        likeness.compare_photo(mine)
    assert duplicate(mine) is None


def test_nobody_else_clears(pair, center_officer, season):
    third = factories.school(season=season, code="10003", name="Third University")
    stranger = factories.person("third", Role.SCHOOL_ADMIN, third)
    row = rows()[0]
    assert client_of(stranger).post(f"/school/likenesses/{row.pk}/clear/").status_code == 404
    assert rows()[0].cleared_at is None
    assert client_of(center_officer).post(f"/center/likenesses/{row.pk}/clear/").status_code == 302
    assert rows()[0].cleared_by_name.endswith(f"({said('center')})")


def test_the_center_sees_whole_names_and_its_list(pair, center_client, stranger):
    mine, theirs = pair
    page = center_client.get(f"/center/photos/{mine.pk}/").content.decode()
    assert stranger.name in page
    assert dated(f"/center/photos/{theirs.pk}/") in page
    listed = center_client.get("/center/photos/?finding=duplicate")
    assert {photo.pk for photo, _found in listed.context["items"]} == {mine.pk, theirs.pk}
    panel = center_client.get("/panels/capture/failures/").content.decode()
    assert said("%(number)s photos are like another student's: please compare", number=2) in panel


# lost workers, retention, the lock


def test_the_sweep_compares_what_a_lost_worker_left(pair):
    with system_scope():
        Finding.objects.filter(rule="duplicate").delete()
        Likeness.objects.all().delete()
        ago = timezone.now() - dt.timedelta(minutes=10)
        Photo.objects.filter(pk=pair[0].pk).update(compared_at=None, checked_at=ago)
    sweep()
    assert len(rows()) == 2
    with system_scope():
        assert not Photo.objects.filter(compared_at=None).exists()


def test_the_purge_keeps_the_imprints_of_approved_photos_only(pair, owner):
    mine, theirs = pair
    with system_scope():
        Photo.objects.filter(pk=theirs.pk).update(status=Photo.Status.APPROVED)
        for photo in Photo.objects.all():
            retention.purge(photo)
        assert [row.photo_id for row in Imprint.objects.all()] == [theirs.pk]
        Photo.objects.filter(pk=theirs.pk).update(portrait="")
    assert said("The picture was deleted after the retention time; only its imprint is left.") in review_page(
        owner, mine
    )


def test_a_locked_side_is_said_on_the_other_and_counted_no_more(pair, owner, outsider, stranger):
    mine, _theirs = pair
    panel = client_of(owner).get("/panels/capture/failures/").content.decode()
    assert said("%(number)s photo is like another student's: please compare", number=1) in panel
    client_of(outsider).post(f"/school/students/{stranger.pk}/lock/", {"reason": "Not your picture"})
    assert said(
        "The other account has been locked. If the picture is this student's own, decide about it as about any other."
    ) in review_page(owner, mine)
    assert (
        said("%(number)s photo is like another student's: please compare")
        not in client_of(owner).get("/panels/capture/failures/").content.decode()
    )
    assert duplicate(mine)


def test_a_lock_says_who_when_why_and_who_unlocks(student, owner, colleague, picture):
    photo = factories.photo(student)
    client_of(owner).post(f"/school/students/{student.pk}/lock/", {"reason": "Not your picture"})
    page = review_page(colleague, photo)
    assert "Not your picture" in page
    assert said("Locked by %(who)s, %(when)s.", who="Owner", when="|").split("|")[0] in page
    assert said("Only an administrator of the school can unlock it: %(who)s.", who="Owner") in page
    assert 'data-open="unlock"' not in page
    assert 'data-open="unlock"' in review_page(owner, photo)


def test_light_table_asks_the_same_number_of_queries_for_one_and_three(student, season, other_school, owner, picture):
    photos = [sent(student, as_file(picture)), sent(factories.student(other_school, season), altered(picture))]

    def asked() -> int:
        review_page(owner, photos[0])
        with CaptureQueriesContext(connection) as queries:
            review_page(owner, photos[0])
        return len(queries)

    one = asked()
    photos += [sent(factories.student(other_school, season), altered(picture)) for _n in range(2)]
    assert asked() == one
