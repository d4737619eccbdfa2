"""Portraits made again: in a frame set by hand, and on another background. Real pictures, the real engine."""

import io

import numpy as np
import pytest
from django.core.files.base import ContentFile
from PIL import Image

import vision
from capture.models import Finding, Photo
from capture.portraits import framing, recolouring, remake
from portal import history
from portal.background import jobs
from portal.errors import Conflict, PortalError
from portal.models import Event, Job
from portal.tenancy import system_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.support.lost_connection import lost_at, stored_files
from tests.support.words import said
from vision.portrait.automatic_crop import choose_crop
from vision.portrait.head_position import HeadPosition, crop_for

pytestmark = pytest.mark.usefixtures("scoped")
COLOURS = {"blue": (100, 197, 255), "white": (255, 255, 255), "grey": (240, 240, 240)}


@pytest.fixture(autouse=True)
def queued(monkeypatch):
    """Jobs wait until a test runs them."""
    told = []
    monkeypatch.setattr(jobs, "enqueue", lambda job: told.append(job.pk))
    return told


@pytest.fixture
def make_photo(season, good_photo, good_judgement):
    """A judged photo of a student, as the judge left it."""

    def made(student, status=Photo.Status.SUBMITTED) -> Photo:
        photo = factories.photo(student, status, width=1200, height=1600, season=season)
        photo.original.save("o.jpg", ContentFile(good_photo), save=False)
        for name in ("portrait", "thumbnail"):
            getattr(photo, name).save("p.jpg", ContentFile(good_judgement.files[name]), save=False)
        photo.measures, photo.geometry = good_judgement.measures, good_judgement.geometry
        photo.background = good_judgement.geometry["background"]
        photo.save()
        return Photo.objects.select_related("student", "school", "season").get(pk=photo.pk)

    return made


@pytest.fixture
def photo(make_photo, student) -> Photo:
    return make_photo(student)


def other(photo: Photo, **changes: float) -> HeadPosition:
    """The frame as it is, but for `changes`."""
    numbers = remake.numbers_of(photo, remake.crop_of(photo)) | changes
    return HeadPosition(**{name: numbers[name] for name in ("face_width", "eye_line", "sideways", "tilt")})


def frame(photo: Photo, by, **changes: float) -> Photo:
    """Order a frame and let the worker make it."""
    job = framing.start(photo=photo, position=other(photo, **changes), version=photo.portrait_version, by=by)
    return done(job, photo)


def done(job: Job, photo: Photo) -> Photo:
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == Job.Status.DONE, job.message
    return again(photo)


def again(photo: Photo) -> Photo:
    return Photo.objects.select_related("student", "school", "season").get(pk=photo.pk)


def file_of(photo: Photo, name: str = "portrait") -> bytes:
    return factories.content(getattr(photo, name))


def last_event(photo: Photo) -> Event:
    return history.of(photo).first()


# --- a frame by hand ---------------------------------------------------------------------------------------------------------


def test_frame_by_hand_replaces_the_portrait_and_says_who_and_what(photo, owner, django_capture_on_commit_callbacks):
    old, original, before = photo.portrait.name, file_of(photo, "original"), photo.geometry
    with django_capture_on_commit_callbacks(execute=True):
        photo = frame(photo, owner, face_width=photo.geometry["face_width"] + 15, eye_line=240.0, tilt=2.0)
    assert photo.geometry["eye_line"] == pytest.approx(240, abs=0.2)
    assert photo.geometry["face_width"] == pytest.approx(before["face_width"] + 15, abs=0.2)
    assert photo.geometry["automatic"] == before["crop"]
    assert remake.is_by_hand(photo)
    assert Image.open(io.BytesIO(file_of(photo))).size == (480, 640)
    assert Image.open(io.BytesIO(file_of(photo, "thumbnail"))).size == (180, 240)
    assert not photo.portrait.storage.exists(old)
    assert file_of(photo, "original") == original
    assert (photo.status, photo.student.stage) == (Photo.Status.SUBMITTED, Student.Stage.REVIEW)
    event = last_event(photo)
    assert (event.kind, event.actor_key) == ("photo.framed", owner.actor_key)
    assert event.facts["eye_line"] == [before["eye_line"], 240.0]
    assert event.facts["tilt"] == [0.0, 2.0]
    assert event.facts["crop"] == {"before": before["crop"], "after": photo.geometry["crop"]}


def test_head_lies_where_it_was_put_when_measured_again(photo, owner):
    photo = frame(photo, owner, face_width=220.0, eye_line=250.0, sideways=20.0, tilt=-3.0)
    source = vision.open_photo(file_of(photo))
    found = vision.measure(source)
    eyes, cheeks = (np.array(found[name]) * source.size for name in ("eyes", "cheeks"))
    assert eyes.mean(0) == pytest.approx([260, 250], abs=3)
    assert np.linalg.norm(cheeks[1] - cheeks[0]) == pytest.approx(220, abs=5)
    assert np.degrees(np.arctan2(*(eyes[1] - eyes[0])[::-1])) == pytest.approx(-3, abs=1)


def test_automatic_frame_comes_back_byte_for_byte(photo, owner):
    first, crop = file_of(photo), photo.geometry["crop"]
    photo = frame(photo, owner, eye_line=photo.geometry["eye_line"] - 12)
    assert file_of(photo) != first
    job = framing.start(photo=photo, position=None, version=photo.portrait_version, by=owner)
    photo = done(job, photo)
    assert file_of(photo) == first
    assert photo.geometry["crop"] == crop
    assert not remake.is_by_hand(photo)
    assert last_event(photo).kind == "photo.framed_automatically"


def test_second_frame_keeps_the_automatic_one(photo, owner):
    crop = photo.geometry["crop"]
    photo = frame(photo, owner, tilt=1.0)
    photo = frame(photo, owner, tilt=2.0)
    assert photo.geometry["automatic"] == crop


def test_typing_the_automatic_numbers_gives_exactly_the_automatic_frame(photo, owner):
    automatic, crop = other(photo), photo.geometry["crop"]
    photo = frame(photo, owner, tilt=1.5)
    job = framing.start(photo=photo, position=automatic, version=photo.portrait_version, by=owner)
    assert job.params["crop"] == crop


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"face_width": 310.0},
            said(
                "The face would be %(now)s px wide; the standard asks for %(low)s to %(high)s.",
                now="310",
                low="180",
                high="300",
            ),
        ),
        (
            {"face_width": 170.0},
            said(
                "The face would be %(now)s px wide; the standard asks for %(low)s to %(high)s.",
                now="170",
                low="180",
                high="300",
            ),
        ),
        (
            {"eye_line": 310.0},
            said(
                "The eyes would lie %(now)s px below the edge; the standard asks for %(low)s to %(high)s.",
                now="310",
                low="200",
                high="300",
            ),
        ),
        (
            {"eye_line": 205.0},
            said(
                "The hair would begin %(now)s px below the edge; the standard asks for %(low)s to %(high)s.",
                now="30",
                low="50",
                high="110",
            ),
        ),
        (
            {"sideways": -60.0},
            said(
                "The face would stand %(now)s px beside the middle; at most %(high)s are allowed.", now="-60", high="40"
            ),
        ),
        (
            {"tilt": 9.0},
            said("The eyes would be tilted by %(now)s degrees; at most %(high)s are allowed.", now="9", high="5"),
        ),
    ],
)
def test_frame_that_leaves_the_standard_is_refused_in_words(photo, owner, changes, says):
    with pytest.raises(PortalError) as refusal:
        framing.start(photo=photo, position=other(photo, **changes), version=photo.portrait_version, by=owner)
    assert says in str(refusal.value)
    assert not Job.objects.filter(kind="portrait").exists()


def test_frame_that_shows_what_the_photo_does_not_hold_is_refused(photo, owner):
    """The same head in a photo that ends below the chin."""
    photo.measures |= {"cut": [None, [0.0, 1.0], None, None]}
    photo.height = round(photo.height * 0.7)
    for name in ("eyes", "cheeks", "hair_top"):
        photo.measures[name] = (np.array(photo.measures[name]) / [1, 0.7]).tolist()
    photo.geometry["crop"] = choose_crop(photo.measures, remake.size_of(photo))[0].as_dict()
    photo.save()
    with pytest.raises(
        PortalError,
        match=said("%(now)s%% of the portrait would lie outside of the photo; at most %(high)s%% are allowed."),
    ):
        framing.start(photo=photo, position=other(photo, face_width=180.0), version=photo.portrait_version, by=owner)


def test_a_head_that_fits_no_frame_may_be_placed_no_worse_than_the_engine_did(photo, owner):
    """Hair so tall that the automatic frame leaves the standard at the top."""
    photo.measures["hair_top"] = [photo.measures["hair_top"][0], photo.measures["hair_top"][1] - 0.2]
    photo.geometry["crop"] = choose_crop(photo.measures, remake.size_of(photo))[0].as_dict()
    photo.save()
    top = remake.numbers_of(photo, remake.crop_of(photo))["hair_top"]
    assert top < 50
    order = {"photo": photo, "version": photo.portrait_version, "by": owner}
    with pytest.raises(
        PortalError,
        match=said("The hair would begin %(now)s px below the edge; the standard asks for %(low)s to %(high)s."),
    ):
        framing.start(position=other(photo, eye_line=280.0), **order)
    assert framing.start(position=other(photo, sideways=8.0), **order).kind == "portrait"


def test_frame_that_is_there_already_is_not_made_again(photo, owner):
    with pytest.raises(PortalError, match=said("This is the frame that the portrait has already.")):
        framing.start(photo=photo, position=other(photo), version=photo.portrait_version, by=owner)


def test_second_reviewer_hears_who_was_faster(photo, owner, colleague):
    version = photo.portrait_version
    job = framing.start(photo=photo, position=other(photo, tilt=1.0), version=version, by=owner)
    at_work = said("%(name)s is having this portrait remade right now. Wait, then look at it.", name="Owner")
    with pytest.raises(Conflict, match=at_work):
        framing.start(photo=photo, position=other(photo, tilt=2.0), version=version, by=colleague)
    done(job, photo)
    faster = said("%(name)s has reframed this portrait in the meantime. Look at it first.", name="Owner")
    with pytest.raises(Conflict, match=faster):
        framing.start(photo=photo, position=other(photo, tilt=2.0), version=version, by=colleague)


def test_running_twice_and_losing_the_worker_does_no_harm(photo, owner):
    job = framing.start(photo=photo, position=other(photo, tilt=1.0), version=photo.portrait_version, by=owner)
    first = done(job, photo).portrait.name
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED)  # the sweep took the worker to be lost
    assert done(job, photo).portrait.name == first
    assert Event.objects.filter(kind="photo.framed").count() == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"status": Photo.Status.READY},
            said("Only the portrait of a photo in review or approved can be framed by hand."),
        ),
        (
            {"status": Photo.Status.RETURNED},
            said("Only the portrait of a photo in review or approved can be framed by hand."),
        ),
        ({"is_current": False}, said("The student has taken another photo in the meantime.")),
        (
            {"original": ""},
            said("The original has been deleted after the retention time: the portrait stays as it is."),
        ),
        ({"measures": {}}, said("The check has not measured the face in this photo: there is nothing to frame it by.")),
    ],
)
def test_portrait_that_cannot_be_framed_says_why(photo, owner, fields, says):
    position = other(photo, tilt=1.0)
    Photo.objects.filter(pk=photo.pk).update(**fields)
    with pytest.raises(Conflict, match=says):
        framing.start(photo=photo, position=position, version=photo.portrait_version, by=owner)


@pytest.mark.parametrize("stage", [Student.Stage.PROOFED, Student.Stage.PRINTED])
def test_portrait_that_the_student_has_confirmed_is_reset_instead(make_photo, student, owner, stage):
    photo = make_photo(student, Photo.Status.APPROVED)
    Student.objects.filter(pk=student.pk).update(stage=stage)
    with pytest.raises(
        Conflict,
        match=said("The student has confirmed this portrait. If it has to change, reset the photo and say why."),
    ):
        framing.start(photo=photo, position=other(photo, tilt=1.0), version=photo.portrait_version, by=owner)


def test_nothing_is_framed_once_the_feedback_form_is_accepted(photo, owner):
    Enrolment.objects.update(status=Enrolment.Status.FEEDBACK_ACCEPTED)
    with pytest.raises(
        Conflict, match=said("The feedback form has been accepted: portraits stay as they are. Ask the center.")
    ):
        framing.start(photo=photo, position=other(photo, tilt=1.0), version=photo.portrait_version, by=owner)


def test_student_who_confirms_while_the_portrait_is_made_keeps_the_one_that_was_read(make_photo, student, owner):
    photo = make_photo(student, Photo.Status.APPROVED)
    job = framing.start(photo=photo, position=other(photo, tilt=1.0), version=photo.portrait_version, by=owner)
    Student.objects.filter(pk=student.pk).update(stage=Student.Stage.PROOFED)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert (
        said("The student has confirmed this portrait. If it has to change, reset the photo and say why.")
        in job.message
    )
    assert again(photo).portrait.name == photo.portrait.name


def test_overtaken_portrait_leaves_no_file_behind(photo, owner, settings):
    crop = crop_for(other(photo, tilt=1.0), photo.measures, remake.size_of(photo))
    made = remake.make_portrait(photo, crop)
    Photo.objects.filter(pk=photo.pk).update(status=Photo.Status.RETURNED)
    before = sorted(path.name for path in settings.MEDIA_ROOT.rglob("*.jpg"))
    with pytest.raises(Conflict):
        remake.replace_portrait(photo, made, kind="photo.framed", facts={}, by=owner, statuses=remake.ADJUSTABLE)
    assert sorted(path.name for path in settings.MEDIA_ROOT.rglob("*.jpg")) == before


def test_findings_of_the_portrait_are_graded_anew_and_others_stay(photo, owner):
    for rule in ("framing", "edge", "smile"):
        Finding.objects.create(
            school=photo.school, season=photo.season, photo=photo, rule=rule, outcome="warn", value=1.0, limit=0.5
        )
    photo = frame(photo, owner, tilt=1.0)
    assert set(photo.findings.values_list("rule", flat=True)) == {"smile"}
    assert photo.outcome == "amber"


# --- the season's background -------------------------------------------------------------------------------------------------


def ask_for(season, colour: str) -> None:
    season.background = colour
    with system_scope():
        season.save()


def test_portraits_on_another_background_are_counted(make_photo, school, season, enrolment):
    for stage in ("approved", "proofed", "printed"):
        photo = make_photo(factories.student(school, season), Photo.Status.APPROVED)
        Student.objects.filter(pk=photo.student_id).update(stage=stage)
    purged = make_photo(factories.student(school, season))
    Photo.objects.filter(pk=purged.pk).update(original="")
    assert recolouring.count_photos(enrolment).total == 0
    ask_for(enrolment.season, "white")
    counts = recolouring.count_photos(enrolment)
    assert (counts.again, counts.confirmed, counts.without_original) == (1, 2, 1)
    assert counts.colours == (said("Light blue"),)
    assert list(recolouring.counts_by_school(enrolment.season)) == [
        {"school__code": "10001", "school__name": "Lakeside University", "again": 1, "confirmed": 3}
    ]


@pytest.mark.parametrize("colour", ["white", "grey"])
def test_portraits_are_made_again_with_frame_and_state_kept(make_photo, school, season, enrolment, owner, colour):
    by_hand = frame(make_photo(factories.student(school, season)), owner, tilt=2.0)
    approved = make_photo(factories.student(school, season), Photo.Status.APPROVED)
    confirmed = make_photo(factories.student(school, season), Photo.Status.APPROVED)
    Student.objects.filter(pk=confirmed.student_id).update(stage=Student.Stage.PROOFED)
    ask_for(enrolment.season, colour)
    job = recolouring.start(enrolment=enrolment, by=owner)
    assert job.total == 2
    finish(job)
    for photo in (by_hand, approved):
        made = again(photo)
        assert made.background == made.geometry["background"] == colour
        assert made.geometry["crop"] == photo.geometry["crop"]
        assert made.geometry.get("automatic") == photo.geometry.get("automatic")
        assert (made.status, made.student.stage) == (photo.status, photo.student.stage)
        corner = Image.open(io.BytesIO(file_of(made))).getpixel((3, 3))
        assert corner == pytest.approx(COLOURS[colour], abs=3)
        assert last_event(made).facts["background"] == ["blue", colour]
    assert again(confirmed).portrait.name == confirmed.portrait.name
    job.refresh_from_db()
    label = {"white": "White", "grey": "Light grey"}[colour]
    assert job.message == said("%(n)d portraits now stand on %(colour)s.", n=2, colour=label)
    counts = recolouring.count_photos(enrolment)
    assert (counts.again, counts.confirmed) == (0, 1)
    with pytest.raises(Conflict, match=said("No portrait of your school has to be made again.")):
        recolouring.start(enrolment=enrolment, by=owner)


def finish(job: Job) -> int:
    """Run a job in as many shares as it takes."""
    for share in range(1, 20):
        jobs.run(job.pk)
        job.refresh_from_db()
        if job.status == Job.Status.DONE:
            return share
    raise AssertionError(job.status)


def test_making_them_again_lets_students_through_and_goes_on(
    make_photo, school, season, enrolment, owner, monkeypatch, queued
):
    photos = [make_photo(factories.student(school, season)) for _ in range(3)]
    ask_for(enrolment.season, "white")
    monkeypatch.setattr(recolouring, "SHARE_SECONDS", 0.0)
    job = recolouring.start(enrolment=enrolment, by=owner)
    with pytest.raises(Conflict, match=said("The portraits are being made again already.")):
        recolouring.start(enrolment=enrolment, by=owner)
    assert finish(job) == 4
    assert {again(photo).background for photo in photos} == {"white"}
    assert job.result["made"] == 3


def test_one_that_cannot_be_made_holds_nobody_up(make_photo, school, season, enrolment, owner):
    broken, good = (make_photo(factories.student(school, season)) for _ in range(2))
    broken.original.storage.delete(broken.original.name)
    ask_for(enrolment.season, "white")
    job = recolouring.start(enrolment=enrolment, by=owner)
    finish(job)
    assert again(good).background == "white"
    assert again(broken).background == "blue"
    assert said("%(n)d could not be made and stays as it is.", n=1) in job.message


def test_top_is_compared_with_the_new_background_and_no_state_changes(photo, enrolment, owner):
    photo.measures |= {"clothes_white": 0.9, "clothes_blue": 0.0}
    photo.save()
    ask_for(enrolment.season, "white")
    finish(recolouring.start(enrolment=enrolment, by=owner))
    found = Finding.objects.get(photo=photo)
    assert (found.rule, found.outcome, found.value) == ("clothes_background", "warn", 0.9)
    made = again(photo)
    assert (made.outcome, made.status) == ("amber", Photo.Status.SUBMITTED)
    ask_for(enrolment.season, "blue")
    finish(recolouring.start(enrolment=enrolment, by=owner))
    assert not Finding.objects.filter(photo=photo).exists()
    assert again(photo).outcome == "green"


# --- the file ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", COLOURS)
def test_file_is_inside_the_standard_and_the_same_when_made_twice(photo, season, colour):
    season.background = photo.season.background = colour
    crop = remake.crop_of(photo)
    jpeg = remake.make_portrait(photo, crop).jpeg
    assert remake.make_portrait(photo, crop).jpeg == jpeg
    picture = Image.open(io.BytesIO(jpeg))
    assert (picture.format, picture.size, picture.mode, picture.info["dpi"]) == ("JPEG", (480, 640), "RGB", (300, 300))
    assert len(jpeg) <= 40_960
    assert photo.geometry["quality"] >= 60
    assert not picture.getexif()
    assert not {"icc_profile", "exif", "comment", "xmp", "photoshop", "progressive"} & picture.info.keys()
    assert jpeg.count(b"\xff\xe1") == jpeg.count(b"\xff\xe2") == 0


def test_a_portrait_that_was_not_committed_leaves_no_file_and_the_old_one_stands(photo, owner):
    before, portrait = stored_files(), remake.make_portrait(photo, remake.crop_of(photo))
    with lost_at('INSERT INTO "portal_event"'):
        remake.replace_portrait(photo, portrait, kind="photo.framed", facts={}, by=owner, statuses=remake.ADJUSTABLE)
    assert stored_files() == before
    assert again(photo).portrait.name == photo.portrait.name
