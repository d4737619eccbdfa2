"""What this room registers with the portal: permissions, event kinds, status badges, navigation,
panels."""

from django.utils.translation import gettext_lazy as _

from capture import daily_check, retention  # noqa: F401  (register kinds of jobs)
from capture.judging import rejudge  # noqa: F401
from capture.models import Photo
from capture.portraits import framing, recolouring  # noqa: F401
from portal import event_kinds, navigation, panels, permissions, status_badges
from portal.models import Role
from portal.permissions import CENTER, EVERYBODY, SCHOOL
from portal.status_badges import Badge

permissions.register("photos.see", _("See photos and portraits"), roles=EVERYBODY)
permissions.register("photos.download", _("Download an original"), roles=EVERYBODY)
permissions.register("photos.review", _("Approve and return photos"), roles=SCHOOL)
permissions.register("photos.reset", _("Reset an approved photo"), roles=EVERYBODY)
permissions.register("photos.judge_again", _("Have a photo judged again"), roles=EVERYBODY)
permissions.register("portraits.frame", _("Frame a portrait by hand"), roles=EVERYBODY)
permissions.register("portraits.make_again", _("Make portraits again on the season's background"), roles=SCHOOL)
permissions.register("likenesses.compare", _("See the other picture of a likeness"), roles=SCHOOL)
permissions.register("likenesses.clear", _("Clear a likeness"), roles=EVERYBODY)
permissions.register("students.lock", _("Lock a student's account"), roles=SCHOOL)
permissions.register("students.unlock", _("Unlock a student's account"), roles={Role.SCHOOL_ADMIN})
permissions.register("stations.see", _("See stations and the notice to students"), roles=SCHOOL)
permissions.register("stations.change", _("Change stations and the notice to students"), roles=SCHOOL)
permissions.register("photo_rules.see", _("See and try the judging rules"), roles=CENTER)
permissions.register("photo_rules.change", _("Change the judging rules"), roles={Role.CENTER_ADMIN})

event_kinds.register_subject("photo", _("Photos"), order=60)
event_kinds.register(
    "season",
    {
        "limits.changed": _("Photo rules changed"),
        "season.purged": _("Originals deleted after the retention time"),
    },
)
event_kinds.register(
    "student",
    {
        "student.sign_in_failed": _("Sign-in of a student failed"),
        "student.signed_in": _("Student signed in"),
        "student.agreed": _("Student agreed to the use of the portrait"),
        "student.locked": _("Student locked"),
        "student.unlocked": _("Student unlocked"),
    },
)
event_kinds.register(
    "photo",
    {
        "photo.uploaded": _("Photo taken"),
        "photo.ready": _("Check passed, portrait made"),
        "photo.rejected": _("Photo not accepted by the automatic check"),
        "photo.failed": _("Photo could not be judged"),
        "photo.checking": _("Photo judged again"),
        "photo.submitted": _("Photo handed in"),
        "photo.withdrawn": _("Photo withdrawn by the student"),
        "photo.approved": _("Photo approved"),
        "photo.approved_automatically": _("Photo approved automatically: nothing was found"),
        "photo.rejudged": _("Photo judged again under other limits"),
        "photo.released": _("Photo not refused any more, its portrait is made"),
        "photo.returned": _("Photo returned"),
        "photo.reset": _("Approved photo reset"),
        "photo.undone": _("Decision on a photo taken back"),
        "photo.set_aside": _("Photo reset by the daily check"),
        "photo.framed": _("Frame of the portrait set by hand"),
        "photo.framed_automatically": _("Portrait put back into its automatic frame"),
        "photo.recoloured": _("Portrait made again on another background"),
        "photo.looked": _("Photo looked at"),
        "photo.compared": _("Photo looked at beside another student's, which is alike"),
        "photo.likeness_found": _("The same or nearly the same picture was found under another student"),
        "photo.likeness_cleared": _("Compared by a person: not the same picture"),
        "photo.downloaded": _("Original of a photo downloaded"),
        "station.added": _("Station added"),
        "station.changed": _("Station changed"),
        "station.removed": _("Station removed"),
    },
)
event_kinds.register(
    "school",
    {
        "enrolment.notice": _("Notice to the students changed"),
    },
)
event_kinds.register_states(Photo, _("Photo"), subject="photo", is_one_of_many=True)
event_kinds.register_facts(
    {
        "version": _("Version"),
        "address": _("Address"),
        "rules": _("Rules"),
        "limits": _("Limits"),
        "limit_set": _("Set of limits"),
        "engine": _("Engine"),
        "face_width": _("Face width (px)"),
        "eye_line": _("Eyes (px)"),
        "hair_top": _("Hair top (px)"),
        "sideways": _("Beside the middle (px)"),
        "tilt": _("Tilt (degrees)"),
        "bits": _("Bits of 512 that differ"),
    },
    hidden={"photo", "crop"},
    lists={"rules", "limits"},
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

navigation.register("school", "capture:review", _("Review"), "photo", order=30)
navigation.register("school", "capture:stations", _("Stations and notice"), "map-pin", order=80)
navigation.register("center", "capture:center_photos", _("Photos"), "photo", order=50)
navigation.register("center", "capture:photo_rules", _("Judging rules"), "adjustments-horizontal", order=60)
panels.add_panel(
    "center.dashboard", "capture:panel_today", page="capture:center_photos", label=_("Photos of the day"), order=30
)
panels.add_panel(
    "center.dashboard", "capture:panel_failures", page="capture:center_photos", label=_("Why photos fail"), order=50
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
