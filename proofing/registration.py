"""What this room adds to the portal: badges, navigation, panels, jobs."""

import datetime as dt

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal import files
from portal.pages import navigation, panels, status_badges
from portal.pages.status_badges import Badge
from portal.privacy import retention
from proofing import moved_proofs  # noqa: F401 (what is done when a student moves)
from proofing.models import Feedback, Proof
from schools.models import Season
from schools.register import columns
from schools.register.columns import Choices, Column
from schools.seasons import season_objects, unfinished
from students.privacy import own_data

season_objects.register({"center/feedback/": (Feedback, "season")})
status_badges.register(
    Proof,
    {
        Proof.Status.CONFIRMED: Badge("ok", "check-badge"),
        Proof.Status.DISPUTED: Badge("look", "pencil-square"),
    },
)
status_badges.register(
    Feedback,
    {
        Feedback.Status.MADE: Badge("", "document-text"),
        Feedback.Status.SENT: Badge("look", "inbox-arrow-down"),
        Feedback.Status.ACCEPTED: Badge("ok", "check"),
        Feedback.Status.SENT_BACK: Badge("act", "arrow-uturn-left"),
    },
)

navigation.register("school", "proofing:proofs", _("Proofreading"), "check-badge", order=40)
navigation.register("school", "proofing:feedback", _("Feedback form"), "document-check", order=50)
navigation.register("center", "proofing:center_feedback", _("Feedback"), "document-check", order=80)
navigation.register("school", "proofing:corrections", _("Corrections"), "pencil-square", order=45)
navigation.register("center", "proofing:center_corrections", _("Corrections"), "pencil-square", order=75)
panels.add_panel(
    "center.callouts", "proofing:center_corrections", page="proofing:center_corrections", label=_("Corrections")
)
panels.add_panel(
    "center.dashboard",
    "proofing:panel_feedback",
    page="proofing:center_feedback",
    label=_("Feedback forms"),
    order=70,
    css="foot",
)

own_data.register("proof", lambda student: list(Proof.objects.filter(student=student).values("status", "photo_id")))


def _old_forms(before: dt.datetime) -> QuerySet[Feedback]:
    return Feedback.objects.filter(decided_at__lt=before).exclude(stamped="")


def _delete_forms(before: dt.datetime) -> int:
    rows = list(_old_forms(before))
    for row in rows:
        files.delete([row.stamped.name])
        Feedback.objects.filter(pk=row.pk).update(stamped="", stamped_size=0)
    return len(rows)


retention.register(
    "forms",
    _("Stamped feedback forms"),
    setting="KEEP_FORMS_DAYS",
    due=lambda before: _old_forms(before).count(),
    delete=_delete_forms,
)


def _read_forms(season: Season) -> dict[int, str]:
    return dict(Feedback.objects.filter(season=season).order_by().values_list("school_id", "status"))


columns.register(
    "feedback",
    read=_read_forms,
    empty="",
    columns=[
        Column(
            "form",
            _("Feedback form"),
            lambda status: status,
            kind="state",
            model="proofing.feedback",
            labels=dict(Feedback.Status.choices),
            link=lambda school, status: f"{reverse('proofing:center_feedback')}?q={school.code}" if status else "",
        )
    ],
    filters=[
        Choices(
            "form",
            _("Feedback form"),
            {"none": (_("No form yet"), lambda status: not status)}
            | {value: (label, lambda status, value=value: status == value) for value, label in Feedback.Status.choices},
        )
    ],
    may="feedback.see",
    order=30,
)
unfinished.register(
    _("Feedback forms to be checked"),
    lambda season: Feedback.objects.filter(season=season, status=Feedback.Status.SENT).count(),
    "proofing:center_feedback",
    query="status=sent",
    order=30,
)
