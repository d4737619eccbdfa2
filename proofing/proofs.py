"""Proofreading (校对): students confirm portrait and data, or the school confirms for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from capture import capture_period
from capture.models import Photo
from portal import history
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.pdf.fonts import covered_code_points
from proofing.models import Proof
from schools.models import Action, Enrolment
from students.models import Correction, Student

Stage = Student.Stage
# The photo waits for a decision: proofreading cannot be completed before. A student without a photo
# does not count.
UNDECIDED = (Stage.CHECKING, Stage.REVIEW)
# The student has an approved portrait.
WITH_PORTRAIT = (Stage.APPROVED, Stage.PROOFED, Stage.PRINTED, Stage.DELIVERED)
# Matches a character outside of the 20,902 that every Chinese font has, letters, digits, space and
# dot.
UNUSUAL = r"[^\u4e00-\u9fa5A-Za-z0-9 ·]"


@dataclass(frozen=True)
class ProofCounts:
    """How many students of a school are in each state of proofreading."""

    roster: int
    without_photo: int
    undecided: int
    to_confirm: int
    disputed: int
    proofed: int

    @property
    def portraits(self) -> int:
        """The number of approved portraits (电子图像共…人 on the feedback form)."""
        return self.to_confirm + self.proofed

    @property
    def is_complete(self) -> bool:
        return self.proofed > 0 and not (self.undecided or self.to_confirm or self.disputed)


def count_students(enrolment: Enrolment) -> ProofCounts:
    """The counts of one school. Two queries for any number of students."""
    students = students_of(enrolment)
    by_stage = dict(students.values_list("stage").annotate(n=Count("*")).order_by())
    return ProofCounts(
        roster=sum(by_stage.values()),
        without_photo=sum(by_stage.get(stage, 0) for stage in (Stage.WAITING, Stage.RETAKE, Stage.READY)),
        undecided=sum(by_stage.get(stage, 0) for stage in UNDECIDED),
        to_confirm=by_stage.get(Stage.APPROVED, 0),
        disputed=len(disputed_ids(enrolment)),
        proofed=sum(by_stage.get(stage, 0) for stage in (Stage.PROOFED, Stage.PRINTED, Stage.DELIVERED)),
    )


def students_of(enrolment: Enrolment) -> QuerySet[Student]:
    """Without those who have left."""
    rows = Student.objects.filter(school=enrolment.school_id, season=enrolment.season_id)
    return rows.exclude(stage=Stage.LEFT)


def disputed_ids(enrolment: Enrolment) -> set[int]:
    """The ids of the students with an open correction.

    They are few, so lists use ids and no join.
    """
    return set(_open_corrections(enrolment))


def _open_corrections(enrolment: Enrolment) -> QuerySet[Correction, int]:
    found = Correction.objects.filter(
        school=enrolment.school_id, student__season=enrolment.season_id, status__in=Correction.UNDECIDED
    )
    return found.values_list("student_id", flat=True)


def open_proofreading(enrolment: Enrolment, *, by: User) -> Enrolment:
    """The school ends its capture before its last day.

    Raises PortalError while photos wait for review.
    """
    _refuse_undecided(enrolment)
    return capture_period.end_capture(enrolment=enrolment, by=by)


def _refuse_undecided(enrolment: Enrolment) -> None:
    waiting = students_of(enrolment).filter(stage__in=UNDECIDED).count()
    if waiting:
        raise PortalError(
            ngettext(
                "%(n)d photo has not been decided yet. Review it first, then open the proofreading.",
                "%(n)d photos have not been decided yet. Review them first, then open the proofreading.",
                waiting,
            )
            % {"n": waiting}
        )
    if not students_of(enrolment).filter(stage__in=WITH_PORTRAIT).exists():
        raise PortalError(_("No student has an approved portrait yet, so there is nothing to proofread."))


def current_portrait(student: Student) -> Photo | None:
    """The approved photo whose portrait the student proofreads; None when there is none."""
    return portraits_of([student]).first()


def portraits_of(students: list[Student]) -> QuerySet[Photo]:
    """The approved photos of these students, at most one each."""
    return Photo.objects.filter(student__in=students, is_current=True, status=Photo.Status.APPROVED)


@retried
def confirm(student: Student, *, photo_id: int, by: Student, portrait: str = "") -> Proof:
    """The student confirms the data and the portrait of this photo.

    `portrait` is the version of the portrait that the page showed; "" skips the check. Raises
    Conflict when the photo or its portrait has changed in the meantime.
    """
    locked, enrolment = lock_student(student)
    enrolment.require(Action.CONFIRM)
    photo = current_portrait(locked)
    if photo is None or photo.pk != photo_id or portrait not in ("", photo.portrait_version):
        raise Conflict(_("Your portrait has changed in the meantime. Please look at the new one."))
    if locked.corrections.filter(status__in=Correction.UNDECIDED).exists():
        raise PortalError(_("The school is still looking at your request. Please wait for its answer."))
    if locked.stage == Stage.PROOFED:
        return Proof.objects.get(student=locked)
    proof = _save_confirmation(locked, photo, by=by)
    states.change(locked, Stage.PROOFED, by=by, only_from=[Stage.APPROVED])
    student.stage = locked.stage
    return proof


def lock_student(student: Student) -> tuple[Student, Enrolment]:
    """Lock the student's row until the transaction ends. Returns it and the school's enrolment."""
    locked = Student.objects.select_for_update(of=("self",), no_key=True).get(pk=student.pk)
    return locked, Enrolment.objects.get(school=student.school_id, season=student.season_id)


def _save_confirmation(student: Student, photo: Photo, *, by: Student) -> Proof:
    """Create the student's proof as confirmed, or change it to confirmed, with this photo."""
    fields: dict[str, Any] = {"photo": photo, "confirmed_by_school": False, "reason": ""}
    proof = Proof.objects.filter(student=student).first()
    if proof is None:
        proof = Proof.objects.create(
            school_id=student.school_id, season_id=student.season_id, student=student, **fields
        )
        history.record("proof.confirmed", proof, by=by, after=proof.status, facts={"photo": photo.pk})
        return proof
    if proof.status == Proof.Status.DISPUTED:
        confirmed: Proof = states.change(
            proof, Proof.Status.CONFIRMED, by=by, facts={"photo": photo.pk}, at=timezone.now(), **fields
        )
        return confirmed
    # Confirmed before with a portrait that has been replaced since: the state stays, the photo
    # changes.
    Proof.objects.filter(pk=proof.pk).update(**fields, at=timezone.now())
    history.record("proof.confirmed", proof, by=by, before=proof.status, after=proof.status, facts={"photo": photo.pk})
    return Proof.objects.get(pk=proof.pk)


def confirm_for_students(students: Iterable[Student], *, reason: str, by: User) -> int:
    """The school confirms for students who do not answer. Returns how many were confirmed.

    Students with an open correction or without an approved portrait are skipped. The reason is kept
    in the history. One transaction and a fixed number of queries, since a large school confirms for
    thousands at once.
    """
    reason = reason.strip()
    if not reason:
        raise PortalError(_("Say why the school confirms for the student."))
    with transaction.atomic():
        asked = Student.objects.filter(pk__in=[student.pk for student in students], stage=Stage.APPROVED)
        waiting = Correction.objects.filter(student=OuterRef("pk"), status__in=Correction.UNDECIDED)
        rows = list(asked.exclude(Exists(waiting)).select_for_update(of=("self",), no_key=True).order_by("pk"))
        for school_id, season_id in {(row.school_id, row.season_id) for row in rows}:
            Enrolment.objects.get(school=school_id, season=season_id).require(Action.CONFIRM)
        photos = dict(portraits_of(rows).values_list("student_id", "pk"))
        rows = [row for row in rows if row.pk in photos]
        _save_confirmations(rows, photos, reason=reason, by=by)
        settled = Student.objects.filter(pk__in=[row.pk for row in rows])
        return len(states.change_many(settled, Stage.PROOFED, by=by, facts={"reason": reason}))


def _save_confirmations(students: list[Student], photos: dict[int, int], *, reason: str, by: User) -> None:
    """Create the proofs of these students as confirmed by the school, or change them.

    `photos`: student id to photo id.
    """
    there = {proof.student_id: proof for proof in Proof.objects.filter(student__in=students)}
    disputed = Proof.objects.filter(pk__in=[proof.pk for proof in there.values()], status=Proof.Status.DISPUTED)
    states.change_many(disputed, Proof.Status.CONFIRMED, by=by, facts={"reason": reason})
    fields: dict[str, Any] = {"confirmed_by_school": True, "reason": reason, "at": timezone.now()}
    for proof in there.values():
        proof.photo_id = photos[proof.student_id]
        for name, value in fields.items():
            setattr(proof, name, value)
    Proof.objects.bulk_update(there.values(), ["photo", *fields], batch_size=1000)
    new = [
        Proof(school_id=s.school_id, season_id=s.season_id, student=s, photo_id=photos[s.pk], **fields)
        for s in students
        if s.pk not in there
    ]
    Proof.objects.bulk_create(new)
    history.record_many(
        "proof.confirmed", [(proof, "") for proof in new], by=by, after=Proof.Status.CONFIRMED, facts={"reason": reason}
    )


def awaiting_confirmation(enrolment: Enrolment) -> QuerySet[Student]:
    """The students with an approved portrait who neither confirmed nor asked for a correction."""
    return students_of(enrolment).filter(stage=Stage.APPROVED).exclude(pk__in=disputed_ids(enrolment))


def withdraw_confirmation(student: Student, *, by: history.Actor) -> None:
    """Mark the student's proof as disputed and undo a confirmation.

    The caller has locked the student's row.
    """
    proof = Proof.objects.filter(student=student).first()
    photo = current_portrait(student)
    if proof is None and photo is not None:
        proof = Proof.objects.create(
            school_id=student.school_id,
            season_id=student.season_id,
            student=student,
            photo=photo,
            status=Proof.Status.DISPUTED,
        )
        history.record("proof.disputed", proof, by=by, after=proof.status)
    elif proof is not None and proof.status == Proof.Status.CONFIRMED:
        states.change(proof, Proof.Status.DISPUTED, by=by, confirmed_by_school=False, reason="")
    if student.stage == Stage.PROOFED:
        states.change(student, Stage.APPROVED, by=by)


def unprintable_names(enrolment: Enrolment) -> list[tuple[Student, str]]:
    """The students whose names have characters that no font has, each with those characters."""
    rows = students_of(enrolment).filter(stage__in=WITH_PORTRAIT, name__regex=UNUSUAL)
    found = ((row, "".join(char for char in row.name if ord(char) not in covered_code_points())) for row in rows)
    return [(row, characters) for row, characters in found if characters]


def worklist(enrolment: Enrolment) -> QuerySet[Student]:
    """The students with a portrait, in the order of the sheets.

    `is_disputed`: the student has an open correction.
    """
    is_disputed = ExpressionWrapper(Q(pk__in=_open_corrections(enrolment)), output_field=BooleanField())
    return (
        students_of(enrolment)
        .filter(stage__in=WITH_PORTRAIT)
        .annotate(is_disputed=is_disputed)
        .select_related("proof")
        .order_by("college", "major", "class_name", "student_no")
    )
