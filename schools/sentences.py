"""The history in words. Every kind of event has its sentence here; a change of state without one is said by its states."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from schools import states, wording
from schools.models import Event

SENTENCES: dict[str, Any] = {
    "season.created": _("Season made"),
    "season.changed": _("Terms of the season changed"),
    "season.timetable": _("Days of the areas changed"),
    "season.open": _("Season opened"),
    "season.closed": _("Season closed"),
    "area.created": _("Area added"),
    "area.changed": _("Area changed"),
    "area.removed": _("Area removed"),
    "exception.granted": _("Exception granted"),
    "exception.changed": _("Exception changed"),
    "exception.withdrawn": _("Exception withdrawn"),
    "school.added": _("School added to the register"),
    "school.changed": _("Entry of the school changed"),
    "enrolment.created": _("School takes part in the season"),
    "enrolment.withdrawn": _("School taken out of the season"),
    "enrolment.changed": _("Settings of the school changed"),
    "enrolment.payment_mode": _("Way of payment changed"),
    "person.invited": _("Account made"),
    "person.changed": _("Details of a person changed"),
    "person.role_changed": _("Role changed"),
    "person.link_renewed": _("New sign-in link made"),
    "person.switched_off": _("Account switched off"),
    "person.switched_on": _("Account switched on"),
    "person.made_contact": _("Person made responsible for the capture"),
    "job.downloaded": _("File of a job downloaded"),
    "student.sign_in_failed": _("Sign-in of a student failed"),
    "student.signed_in": _("Student signed in"),
    "student.agreed": _("Student agreed to the use of the portrait"),
    "student.fee": _("Fee of the student changed"),
    "student.locked": _("Student locked"),
    "student.unlocked": _("Student unlocked"),
    "photo.uploaded": _("Photo taken"),
    "photo.ready": _("Check passed, portrait made"),
    "photo.rejected": _("Photo not accepted by the automatic check"),
    "photo.failed": _("Photo could not be judged"),
    "photo.checking": _("Photo judged again"),
    "photo.submitted": _("Photo handed in"),
    "photo.withdrawn": _("Photo withdrawn by the student"),
    "photo.approved": _("Photo approved"),
    "photo.returned": _("Photo returned"),
    "photo.reset": _("Approved photo reset"),
    "photo.undone": _("Decision on a photo taken back"),
    "photo.set_aside": _("Photo reset by the daily check"),
    "photo.looked": _("Photo looked at"),
    "photo.downloaded": _("Original of a photo downloaded"),
    "station.added": _("Station added"),
    "station.changed": _("Station changed"),
    "station.removed": _("Station removed"),
    "enrolment.notice": _("Notice to the students changed"),
    "season.purged": _("Originals deleted after the retention time"),
    "student.revealed": _("Document number looked at"),
    "student.added": _("Student put on the roster"),
    "student.changed": _("Data of the student changed"),
    "student.removed": _("Student taken off the roster"),
    "student.proof_reopened": _("Proofreading opened again, since the data changed"),
    "student.correction_asked": _("Correction asked for"),
    "student.correction_accepted": _("Correction accepted"),
    "student.correction_declined": _("Correction declined"),
    "rosterimport.uploaded": _("Roster uploaded"),
    "rosterimport.wrong_rows": _("Wrong rows of a roster downloaded"),
    "roster.exported": _("Roster exported"),
    "ledger.charge": _("Fee charged"),
    "ledger.payment": _("Payment received"),
    "ledger.refund": _("Refund made"),
    "fees.settled": _("Fees settled"),
    "fees.reopened": _("Fees open again"),
    "order.created": _("Order made"),
    "proof.confirmed": _("Portrait and data confirmed"),
    "proof.disputed": _("Confirmation taken back for a correction"),
    "feedback.made": _("Feedback form filled in"),
    "feedback.form_downloaded": _("Feedback form downloaded"),
    "feedback.sent": _("Stamped feedback form sent"),
    "feedback.viewed": _("Stamped feedback form looked at"),
    "feedback.accepted": _("Feedback form accepted"),
    "feedback.sent_back": _("Feedback form sent back"),
    "printrun.created": _("Sheets ordered"),
    "printrun.left_out": _("Students left out of the print run"),
    "printrun.printed": _("Sheets printed"),
    "printrun.contents_downloaded": _("Packing list downloaded"),
    "volume.downloaded": _("Volume of sheets downloaded"),
    "sheets.written": _("Sheets written to files"),
    "portraits.downloaded": _("Electronic portraits downloaded"),
    "shipment.shipped": _("Parcel sent"),
    "shipment.received": _("Parcel received"),
    "season.ranked": _("Schools ranked"),
    "award.decided": _("Decision about a school at the year's end"),
    "bulletin.saved": _("Draft of the bulletin saved"),
    "bulletin.published": _("Bulletin published"),
}

# Subjects that the history can be narrowed to, by the first word of a kind.
SUBJECTS: dict[str, Any] = {
    "season": _("Season and days"),
    "school": _("Schools"),
    "person": _("People"),
    "roster": _("Roster"),
    "student": _("Students"),
    "photo": _("Photos"),
    "fees": _("Fees"),
    "proof": _("Proofreading and feedback"),
    "print": _("Printing and shipment"),
    "job": _("Jobs"),
}
_FIRST_WORDS = {
    "season": ("season", "area", "window", "exception"),
    "school": ("school", "enrolment"),
    "person": ("person",),
    "roster": ("roster", "rosterimport", "correction"),
    "student": ("student",),
    "photo": ("photo", "portrait", "portraits", "station"),
    "fees": ("ledger", "fees", "order", "fee", "feeaccount", "statement", "receipt", "ledgerentry"),
    "proof": ("proof", "feedback"),
    "print": ("printrun", "print", "volume", "shipment", "archive", "sheets", "award", "bulletin"),
    "job": ("job",),
}

FACTS: dict[str, Any] = {
    "amount_fen": _("Amount"),
    "file": _("File"),
    "name": _("Name"),
    "id_number": _("Document number"),
    "import": _("Import no."),
    "correction": _("Correction no."),
    "format": _("Format"),
    "in_clear": _("Document numbers in clear"),
    "username": _("User name"),
    "reason": _("Reason"),
    "days": _("Days"),
    "hours": _("Hours"),
    "code": _("Code"),
    "version": _("Version"),
    "address": _("Address"),
    "reference": _("Reference"),
    "students": _("Students"),
    "rule": _("Rule"),
    "rules": _("Rules"),
    "count": _("Number"),
    "new": _("New"),
    "changed": _("Changed"),
    "unchanged": _("Unchanged"),
    "wrong": _("Wrong"),
    "carrier": _("Carrier"),
    "tracking_no": _("Tracking number"),
    "fields": _("Fields"),
}

# Kept for machines.
UNSAID = {"demo"}


def first_words(subject: str) -> tuple[str, ...]:
    return _FIRST_WORDS.get(subject, ())


def told(events: Iterable[Event]) -> list[Any]:
    """The events with `sentence`, `about` (what it happened to) and `details` (pairs of words); one query a model."""
    rows: list[Any] = list(events)
    objects = _objects(rows)
    for row in rows:
        row.sentence = sentence_of(row)
        row.about = objects.get((row.object_type, row.object_id), "")
        row.details = [(_word(row, key), _said(key, value)) for key, value in row.facts.items() if key not in UNSAID]
    return rows


def sentence_of(event: Event) -> Any:
    if event.kind in SENTENCES:
        return SENTENCES[event.kind]
    model = _model(event.object_type)
    if model is None:
        return event.kind
    label = _state_label(model, event.after)
    name = capfirst(str(model._meta.verbose_name))
    return _("%(thing)s: %(state)s") % {"thing": name, "state": label or event.kind.partition(".")[2]}


def _model(label: str) -> type[models.Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _state_label(model: type[models.Model], value: str) -> Any:
    if not value or not hasattr(model, "TRANSITIONS"):
        return ""
    choices: Any = model._meta.get_field(states.field_of(model)).choices
    return dict(choices).get(value, value)


def _objects(rows: list[Event]) -> dict[tuple[str, int | None], str]:
    """What the events are about, as words. Rows that are gone since, or out of reach, are left out."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if row.object_id is not None:
            wanted.setdefault(row.object_type, set()).add(row.object_id)
    found: dict[tuple[str, int | None], str] = {}
    for label, ids in wanted.items():
        model = _model(label)
        if model is not None:
            for row in model.objects.select_related(*_needed(model)).filter(pk__in=ids):  # type: ignore[attr-defined]
                found[label, row.pk] = str(row)
    return found


def _needed(model: type[models.Model]) -> list[str]:
    """The relations that a row's words may walk along."""
    return [field.name for field in model._meta.fields if isinstance(field, models.ForeignKey) and not field.null]


def _word(event: Event, key: str) -> Any:
    model = _model(event.object_type)
    if key in FACTS or model is None:
        return FACTS.get(key, key)
    names = {field.name: field.verbose_name for field in model._meta.fields}
    return capfirst(str(names[key])) if key in names else key


def _said(key: str, value: Any) -> str:
    if key.endswith("_fen"):
        return " → ".join(wording.yuan(int(v)) for v in value) if isinstance(value, list) else wording.yuan(int(value))
    if isinstance(value, list) and len(value) == 2:
        return f"{_one(value[0])} → {_one(value[1])}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_one, value))
    return _one(value)


def _one(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return "–" if value in (None, "") else str(value)
