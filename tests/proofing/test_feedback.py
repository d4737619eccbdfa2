from io import BytesIO

import pypdf
import pytest
from PIL import Image

from capture.review import decisions
from portal.errors import Conflict, PortalError
from portal.models import Notification
from proofing import feedback, proofs, scanned_paper
from proofing.models import Feedback
from schools.models import Enrolment
from tests.support.letters import letter
from tests.support.lost_connection import lost_at, stored_files
from tests.support.school_papers import STAMPED, confirm, read
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirmed(pair, proofreading):
    for student in pair:
        confirm(student)
    return proofreading


@pytest.fixture
def sent(confirmed, owner):
    return feedback.send(feedback.make(confirmed, by=owner), data=STAMPED, by=owner)


def status_of(enrolment):
    return Enrolment.objects.get(pk=enrolment.pk).status


def test_form_waits_until_every_student_is_settled(pair, proofreading, owner):
    confirm(pair[0])
    with pytest.raises(
        PortalError, match=said("%(n)d student is not confirmed yet. Finish the proofreading first.", n=1)
    ):
        feedback.make(proofreading, by=owner)


def test_form_is_not_made_while_the_school_captures(pair, enrolment, owner):
    with pytest.raises(PortalError, match=said("The form can be made while the school is proofreading.")):
        feedback.make(enrolment, by=owner)


def test_form_counts_the_portraits_and_can_be_made_again(confirmed, owner):
    first = feedback.make(confirmed, by=owner, quality="good")
    again = feedback.make(confirmed, by=owner, quality="fair", remarks="More light")
    assert (first.pk, again.students, again.quality, again.remarks) == (again.pk, 2, "fair", "More light")
    assert Feedback.objects.count() == 1


def test_form_pdf_holds_school_count_and_day(confirmed, owner):
    made = feedback.make(confirmed, by=owner, quality="good", handler_name="周文静")
    (page,) = pypdf.PdfReader(BytesIO(feedback.form_pdf(confirmed, made))).pages
    text = "".join(page.extract_text().split())
    day = confirmed.capture_ended_on
    assert f"我单位已于{day.year}年{day.month}月{day.day}日收到" in text
    assert "届毕业生电子图像共2人" in text
    assert "LakesideUniversity" in text
    assert "周文静" in text


def test_stamped_form_goes_to_the_center(confirmed, sent):
    assert (sent.status, sent.students, sent.stamped_type) == (Feedback.Status.SENT, 2, "image/jpeg")
    assert status_of(confirmed) == Enrolment.Status.FEEDBACK_SENT
    assert Image.open(BytesIO(read(sent.stamped))).size == (900, 1200)
    assert sent.stamped.name.startswith(f"feedback/{confirmed.school_id}/")


def test_a_form_that_cannot_be_sent_leaves_no_file(confirmed, sent, owner, settings):
    with pytest.raises(PortalError):
        feedback.send(sent, data=STAMPED, by=owner)
    stale = Feedback.objects.get(pk=sent.pk)
    Enrolment.objects.filter(pk=confirmed.pk).update(status=Enrolment.Status.PROOFREADING)
    with pytest.raises(Conflict):
        feedback.send(stale, data=STAMPED, by=owner)
    kept = [path for path in (settings.MEDIA_ROOT / "feedback").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in kept] == [feedback.stamped_file(STAMPED, by=owner)[1]]
    assert Feedback.objects.get().stamped.name.endswith(kept[0].name)


def test_picture_of_the_sheet_is_kept_without_its_metadata(owner):
    data = BytesIO()
    exif = Image.Exif()
    exif[0x0132] = "2022:06:01 10:00:00"
    Image.new("RGB", (900, 1200), "white").save(data, "JPEG", exif=exif)
    name, kept, kind = feedback.stamped_file(data.getvalue(), by=owner)
    assert (name, kind) == ("feedback.jpg", "image/jpeg")
    assert b"2022:06:01" not in kept


def test_no_paper_is_opened_by_the_process_of_the_web(monkeypatch, owner):
    def is_opened(*args, **kwargs):
        raise AssertionError

    for opener in ("capture.upload.normalising.read_header", "vision.files.jpeg_decoding.decode", "PIL.Image.open"):
        monkeypatch.setattr(opener, is_opened)
    for kind in ("JPEG", "PNG", "WEBP"):
        data = BytesIO()
        Image.effect_noise((900, 1200), 40).convert("RGB").save(data, kind)
        assert scanned_paper.picture_of(data.getvalue(), purpose="evidence", by=owner)[:2] == b"\xff\xd8"


def test_a_damaged_picture_of_a_paper_says_so(owner):
    with pytest.raises(
        PortalError, match=said("The picture is damaged or incomplete. Please send it again or take a new one.")
    ):
        scanned_paper.picture_of(STAMPED[: len(STAMPED) // 2], purpose="evidence", by=owner)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            b"",
            said("This is neither a PDF nor a picture. Send the scan as PDF, or a photo of the sheet as JPEG or PNG."),
        ),
        (
            b"PK\x03\x04 a workbook",
            said("This is neither a PDF nor a picture. Send the scan as PDF, or a photo of the sheet as JPEG or PNG."),
        ),
        (
            b"<html>%PDF-1.4 %%EOF</html>",
            said("This is neither a PDF nor a picture. Send the scan as PDF, or a photo of the sheet as JPEG or PNG."),
        ),
        (b"%PDF-1.4 cut off", said("This PDF is not complete. Scan or save it again.")),
        (b"%PDF-" + b" " * (10 * 2**20), said("The file is too large: at most %(mb)d MB.", mb=10)),
    ],
)
def test_other_files_are_refused_with_a_sentence(data, sentence, owner):
    with pytest.raises(PortalError, match=sentence):
        feedback.stamped_file(data, by=owner)


def test_form_is_sent_once(sent, owner):
    with pytest.raises(PortalError):
        feedback.send(sent, data=STAMPED, by=owner)
    with pytest.raises(PortalError):
        feedback.make(sent.enrolment, by=owner)


def test_accepted_form_opens_the_printing_and_tells_the_school(confirmed, sent, center_admin, owner):
    feedback.accept(sent, by=center_admin)
    assert status_of(confirmed) == Enrolment.Status.FEEDBACK_ACCEPTED
    assert Notification.objects.get(kind="feedback.accepted").recipient_key == owner.actor_key
    with pytest.raises(Conflict):
        feedback.accept(Feedback.objects.get(), by=center_admin)


def test_form_that_no_longer_fits_is_not_accepted(confirmed, sent, pair, owner, center_admin):
    decisions.reset(photo=proofs.current_portrait(pair[0]), by=owner, reason="Wrong person")
    changed = said(
        "Something has changed since the form was sent: it confirms %(then)d students, %(now)d are confirmed now. Send it back to the school.",
        then=2,
        now=1,
    )
    with pytest.raises(PortalError, match=changed):
        feedback.accept(sent, by=center_admin)


def test_sent_back_form_can_be_sent_again(confirmed, sent, owner, center_admin):
    with pytest.raises(PortalError, match=said("Tell the school what is wrong with the form.")):
        feedback.send_back(sent, reason="", by=center_admin)
    feedback.send_back(sent, reason="The stamp is missing", by=center_admin)
    assert status_of(confirmed) == Enrolment.Status.PROOFREADING
    assert "The stamp is missing" in letter(Notification.objects.get(kind="feedback.sent_back")).body
    again = feedback.send(Feedback.objects.get(), data=STAMPED, by=owner)
    assert (again.status, again.reason) == (Feedback.Status.SENT, "")


def test_a_form_that_was_not_committed_leaves_no_file(confirmed, owner):
    made, before = feedback.make(confirmed, by=owner), stored_files()
    with lost_at('INSERT INTO "portal_event"'):
        feedback.send(made, data=STAMPED, by=owner)
    assert stored_files() == before
    assert not Feedback.objects.get().stamped


def test_a_form_sent_again_takes_the_place_of_the_first(
    sent, confirmed, owner, center_admin, django_capture_on_commit_callbacks
):
    first = sent.stamped.name
    feedback.send_back(sent, reason="The stamp is missing", by=center_admin)
    again = Feedback.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        feedback.send(again, data=STAMPED, by=owner)
        assert again.stamped.storage.exists(first)
    again.refresh_from_db()
    assert again.stamped_size == len(read(again.stamped))
    assert not again.stamped.storage.exists(first)
