"""What this room adds to the portal: badges, navigation, panels, jobs."""

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

import portal.privacy.retention
from capture import daily_check, retention  # noqa: F401  (daily_check registers a kind of job)
from capture.class_papers import making
from capture.figures import monitor  # noqa: F401
from capture.forms import ReasonForm
from capture.judging import rejudge  # noqa: F401
from capture.live import films
from capture.models import (
    AdmissionUpload,
    Consent,
    Exemption,
    FaceComparison,
    Likeness,
    Photo,
    Slot,
    Station,
    WeChatBinding,
)
from capture.portraits import framing, recolouring  # noqa: F401
from capture.review import decisions, exemptions, newcomers, worklist  # noqa: F401 (newcomers: what is done once confirmed)
from capture.same_person import admission_photos, admission_upload
from capture.sign_in import offers  # noqa: F401 (what a new season takes over)
from capture.sign_in.real_name import faults  # noqa: F401 (a sign and figures)
from capture.upload import moved_photos  # noqa: F401 (what is done when a student moves)
from portal import permissions
from portal.models import Membership
from portal.pages import navigation, panels, status_badges
from portal.pages.status_badges import Badge
from schools.models import Enrolment
from schools.notices import annexes
from schools.seasons import season_objects, unfinished
from students import student_history
from students.lists import bulk_actions
from students.models import Student
from students.privacy import own_data
from vision.rules import RULES

season_objects.register(
    {
        "school/photos/": (Photo, "season"),
        "center/photos/": (Photo, "season"),
        "school/likenesses/": (Likeness, "photo__season"),
        "center/likenesses/": (Likeness, "photo__season"),
        "school/admission-photos/": (AdmissionUpload, "season"),
        "school/admission-pictures/": (Student, "season"),
        "school/faces/": (FaceComparison, "photo__season"),
        "center/admission-photos/": (AdmissionUpload, "season"),
        "center/admission-photos/schools/": (Enrolment, "season"),
        "center/admission-pictures/": (Student, "season"),
        "center/faces/": (FaceComparison, "photo__season"),
        "school/exemptions/": (Exemption, "season"),
        "school/stations/": (Station, "season"),
        "school/stations/plan/": (Slot, "season"),
    }
)
status_badges.register(
    Photo,
    {
        Photo.Status.CHECKING: Badge("sky", "arrow-path"),
        Photo.Status.REJECTED: Badge("act", "x-circle"),
        Photo.Status.READY: Badge("sky", "paper-airplane"),
        Photo.Status.SUBMITTED: Badge("look", "eye"),
        Photo.Status.WITHDRAWN: Badge("", "arrow-uturn-left"),
        Photo.Status.APPROVED: Badge("ok", "check"),
        Photo.Status.RETURNED: Badge("act", "arrow-uturn-left"),
        Photo.Status.FAILED: Badge("act", "x-circle"),
    },
)

status_badges.register(
    AdmissionUpload,
    {
        AdmissionUpload.Status.SENDING: Badge("sky", "arrow-up-tray"),
        AdmissionUpload.Status.READING: Badge("sky", "arrow-path"),
        AdmissionUpload.Status.PREVIEW: Badge("look", "eye"),
        AdmissionUpload.Status.STORING: Badge("sky", "arrow-path"),
        AdmissionUpload.Status.DONE: Badge("ok", "check"),
        AdmissionUpload.Status.REFUSED: Badge("act", "x-circle"),
        AdmissionUpload.Status.DROPPED: Badge("", "x-mark"),
    },
)
status_badges.register(
    Exemption,
    {
        Exemption.Status.DECLARED: Badge("look", "hand-raised"),
        Exemption.Status.CONFIRMED: Badge("ok", "check"),
        Exemption.Status.REFUSED: Badge("", "x-circle"),
    },
)


bulk_actions.register(
    bulk_actions.BulkAction(
        "reset",
        _("Reset approved photos"),
        _("Their approved photos are taken back; each student reads the reason and takes a new photo."),
        "arrow-uturn-left",
        "photos.reset",
        decisions.reset_current,
        narrow=lambda students: students.filter(stage__in=decisions.RESETTABLE),
        form=ReasonForm,
        for_center=True,
        is_danger=True,
    )
)
bulk_actions.register(
    bulk_actions.BulkAction(
        "unlock",
        _("Unlock accounts"),
        _("They may sign in and send photos again. The reason is kept in the history."),
        "lock-open",
        "students.unlock",
        lambda student, by, values: decisions.unlock(student=student, by=by, **values),
        narrow=lambda students: students.filter(locked_at__isnull=False),
        form=ReasonForm,
    )
)

for _name, _label, _make in (
    ("check_list", _("Check-list to sign (PDF)"), making.make_check_list),
    ("contact_sheet", _("Contact sheet (PDF)"), making.make_contact_sheet),
):
    bulk_actions.register(
        bulk_actions.BulkAction(
            _name,
            _label,
            _("Class by class, document numbers masked. You find the file on the page that follows."),
            "printer",
            "students.export",
            make=_make,
        )
    )


@annexes.registers_checks
def photo_checks() -> list[tuple[Any, Any]]:
    """For annex 2 of a notice: the title of each rule of the photo check, and what to do about it."""
    return [(rule.title, rule.advice) for rule in RULES]


def _declared(request: Any) -> QuerySet[Exemption]:
    return exemptions.declared(request.season, request.membership.school)


navigation.register("school", "capture:review", _("Review"), "photo", order=30)
navigation.register("school", "capture:exemptions", _("Exemptions"), "hand-raised", order=35, counted=_declared)
navigation.register("school", "capture:admission_photos", _("Admission photos"), "identification", order=37)
navigation.register("center", "capture:center_admission", _("Admission photos"), "identification", order=52)
navigation.register_tab("center.faces", "capture:center_admission", _("Admission photos"), order=10)
navigation.register_tab("center.faces", "capture:center_faces", _("What was found"), order=20)
navigation.register_tab("school.faces", "capture:admission_photos", _("Admission photos"), order=10)
navigation.register_tab("school.faces", "capture:faces", _("Faces of two students"), order=20)
navigation.register("school", "capture:today", _("At the station"), "camera", order=75)
navigation.register("school", "capture:missing", _("Missing photos"), "user-group", order=77)
navigation.register("school", "capture:stations", _("Stations and notice"), "map-pin", order=80)
navigation.register_tab("school.stations", "capture:stations", _("Stations and notice"), order=10)
navigation.register_tab("school.stations", "capture:plan", _("Plan of the classes"), order=20)
navigation.register("center", "capture:center_photos", _("Photos"), "photo", order=50)
navigation.register("center", "capture:figures", _("Figures"), "chart-bar", order=15)
navigation.register_tab("center.figures", "capture:figures", _("By day, school and area"), order=10)
navigation.register_tab("center.figures", "capture:college_figures", _("By college"), order=20)
navigation.register("center", "capture:center_daily_checks", _("Daily checks"), "clipboard-document-check", order=55)
navigation.register_tab("center.season", "capture:center_sign_in", _("Sign-in of students"), order=40)
navigation.register("center", "capture:photo_rules", _("Judging rules"), "adjustments-horizontal", order=60)
panels.add_panel(
    "center.dashboard", "capture:panel_today", page="capture:center_photos", label=_("Photos of the day"), order=30
)
panels.add_panel(
    "center.dashboard", "capture:panel_failures", page="capture:center_photos", label=_("Why photos fail"), order=50
)
panels.add_panel(
    "school.overview",
    "capture:panel_days",
    page="capture:plan",
    label=_("Plan and result by day"),
    order=15,
    css="main",
)
panels.add_panel(
    "school.overview", "capture:panel_today", page="capture:review", label=_("Photos of the day"), order=20
)
panels.add_panel(
    "center.callouts",
    "capture:center_background",
    page="capture:center_background",
    label=_("Background of the portraits"),
)
panels.add_panel(
    "school.callouts", "capture:background", page="capture:background", label=_("Background of the portraits")
)
panels.add_panel("student", "capture:student_photos")

own_data.register(
    "consents",
    lambda student: list(
        Consent.objects.filter(student=student).values(
            "version",
            "text__words",
            "face_comparison",
            "admission_comparison",
            "film",
            "printing",
            "guardian_name",
            "station",
            "agreed_at",
            "ended_at",
        )
    ),
)
own_data.register(
    "photos",
    lambda student: [
        {
            "id": photo.pk,
            "status": photo.status,
            "taken_at": photo.taken_at,
            "submitted_at": photo.submitted_at,
            "decided_at": photo.decided_at,
            "reason": photo.reason,
            "outcome": photo.outcome,
            "measures": photo.measures,
            "findings": list(photo.findings.values("rule", "outcome", "value", "limit")),
            "appeal": photo.appeal,
            "appeal_words": photo.appeal_words,
        }
        for photo in Photo.objects.filter(student=student).prefetch_related("findings")
    ],
)
own_data.register(
    "wechat_sign_in",
    lambda student: list(WeChatBinding.objects.filter(student=student).values("channel", "bound_at")),
)
own_data.register(
    "exemptions",
    lambda student: list(Exemption.objects.filter(student=student).values("kind", "words", "status", "declared_at")),
)


def _pictures(member: Membership, ids: Collection[int]) -> dict[int, student_history.Picture]:
    """Of the photos of one student, for its history."""
    if not permissions.may(member, "photos.see"):
        return {}
    found = {}
    for photo in Photo.objects.filter(pk__in=ids):
        kind = "thumbnail" if photo.thumbnail else "preview"
        if member.is_center:
            url, page = (
                reverse("capture:center_picture", args=[photo.pk, kind]),
                reverse("capture:center_photo", args=[photo.pk]),
            )
        else:
            url = reverse("capture:picture", args=[photo.pk, kind])
            page = f"{reverse('capture:review')}?state=all&photo={photo.pk}"
        found[photo.pk] = student_history.Picture(url if photo.thumbnail or photo.preview else "", page, photo)
    return found


student_history.register_pictures("capture.photo", _pictures)
own_data.register_objects(
    "capture.photo", lambda student: list(Photo.objects.filter(student=student).values_list("pk", flat=True))
)
own_data.register_objects(
    "capture.exemption", lambda student: list(Exemption.objects.filter(student=student).values_list("pk", flat=True))
)

portal.privacy.retention.register(
    "portraits",
    _("Approved portraits, from the season's closing on"),
    setting="KEEP_PORTRAITS_DAYS",
    due=lambda before: retention.expired_portraits(before).count(),
    delete=retention.delete_portraits,
)
portal.privacy.retention.register(
    "admission_photos",
    _("Admission photos and the numbers of faces, when the proofreading is over"),
    setting="KEEP_ADMISSION_PHOTOS_DAYS",
    due=lambda before: admission_photos.kept_too_long(before).count(),
    delete=admission_photos.delete_old,
)
portal.privacy.retention.register(
    "films",
    _("Films of the second before the shutter, once the photo is decided or taken again"),
    setting="KEEP_FILMS_DAYS",
    due=lambda before: films.kept_too_long(before).count(),
    delete=films.delete_old,
)
portal.privacy.retention.register(
    "admission_uploads",
    _("Uploads of admission photos that nobody has confirmed, and names of their files"),
    setting="KEEP_ROSTERS_DAYS",
    due=lambda before: admission_upload.sent_before(before).count(),
    delete=admission_upload.delete_sent,
)
unfinished.register(
    _("Photos in review"),
    lambda season: worklist.photos_of(season).filter(is_current=True, status=Photo.Status.SUBMITTED).count(),
    "capture:center_photos",
    query="state=submitted",
    order=20,
)
