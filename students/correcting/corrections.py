"""Corrections of a student's data: opened, checked, accepted or declined, withdrawn. The only gate of their states.

Who the student is (`Correction.TWO_PERSONS`) is compared with the evidence by a first person and accepted by another
one; any other field and the portrait are decided by one person. The student is told of each step.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import files, history, notifications, permissions
from portal.changes import states
from portal.errors import Conflict, NotAllowed, PortalError
from portal.formatting import mask
from portal.models import Membership, User
from portal.security import encryption
from portal.security.rate_limits import Daily
from schools.models import Action, School, Season
from students import records
from students.correcting import correction_evidence
from students.identity import id_encryption, id_numbers
from students.models import Correction, Student
from students.moving import move
from students.moving.move import Copies, Move
from students.privacy import erasure
from students.roster.cell_problems import Problem

Status = Correction.Status
Field = Correction.Field
# Of a student who appeared by a capture code: the registry alone changes it.
SAID_BY_REGISTRY = (Field.NAME, Field.ID_NUMBER)
Source = Correction.Source
OWN = Daily(
    "own corrections",
    10,
    gettext_lazy(
        "You have asked for %(n)d corrections, the most for one day. Your school can help you; you can go on in %(hours)d h."
    ),
)
OPENED = Daily(
    "corrections",
    300,
    gettext_lazy(
        "You have opened %(n)d corrections, the most for one day. Before a photo is taken, a roster corrects many at once; you can go"
        " on in %(hours)d h."
    ),
)
MOVED = "学生已转学"  # the answer of what was not decided when the student moved


def request_correction(
    *, student: Student, field: str, by: history.Actor, wanted: str = "", wanted_type: str = "", explanation: str = ""
) -> Correction:
    """Open a correction of one field, or of the portrait.

    `wanted` is the right value. For the portrait it is empty, and `explanation` is required. `wanted_type`: the type of
    the document, where it is not the recorded one. Document numbers are stored encrypted. Raises PortalError for a
    missing or impossible value, RateLimited, and Conflict when one of the same field is not decided yet.
    """
    records.check_correctable(student)
    wanted, wanted_type, explanation = _clean_request(student, field, wanted.strip(), wanted_type, explanation.strip())
    (OWN if isinstance(by, Student) else OPENED).count(by.actor_key)
    with transaction.atomic():
        Student.objects.select_for_update(of=("self",), no_key=True).get(pk=student.pk)
        if undecided(student).filter(field=field).exists():
            raise Conflict(_("This correction has been asked for already and is not decided yet."))
        correction = _create(student, field, wanted, wanted_type, explanation, by)
        facts = {"field": field, "source": correction.source}
        history.record("correction.asked", correction, by=by, after=Status.OPEN, facts=facts)
        _tell_opened(correction, student)
    return correction


def _clean_request(
    student: Student, field: str, wanted: str, wanted_type: str, explanation: str
) -> tuple[str, str, str]:
    """(clean value, type of document, explanation). Raises PortalError for a value that could never be accepted."""
    if field not in Field.values:
        raise PortalError(_("Choose what is wrong."))
    if student.appeared_by_code and field in SAID_BY_REGISTRY:
        raise PortalError(Problem("by_code"))
    if field == Field.PORTRAIT:
        if not explanation:
            raise PortalError(_("Say what is wrong with the portrait."))
        return "", "", explanation
    if not wanted:
        raise PortalError(_("Give the right value."))
    if field != Field.ID_NUMBER or wanted_type == student.id_type:
        wanted_type = ""
    wanted = records.check_value(student=student, field=field, value=wanted, id_type=wanted_type)
    if wanted == current_value(student, field) and not wanted_type:
        raise PortalError(_("This is what is recorded already."))
    return wanted, wanted_type, explanation


def current_value(student: Student, field: str) -> str:
    return "" if field == Field.PORTRAIT else getattr(student, field)


def _create(
    student: Student, field: str, wanted: str, wanted_type: str, explanation: str, by: history.Actor
) -> Correction:
    is_secret = field == Field.ID_NUMBER
    return Correction.objects.create(
        school=student.school,
        student=student,
        field=field,
        wanted="" if is_secret else wanted,
        wanted_sealed=encryption.encrypt(wanted, id_encryption.correction_place(student.pk)) if is_secret else None,
        wanted_type=wanted_type,
        explanation=explanation[:300],
        source=_source(by),
        opened_by_name=by.actor_name,
    )


def _source(by: history.Actor) -> Source:
    if isinstance(by, Student):
        return Source.STUDENT
    return Source.SCHOOL if isinstance(by, User) and by.school_id else Source.CENTER


def _tell_opened(correction: Correction, student: Student) -> None:
    if correction.source != Source.SCHOOL:
        notifications.notify_school(
            student.school,
            season=student.season,
            kind="correction.asked",
            parameters={"student": student.name, "field": correction.field, "explanation": correction.explanation},
            student=student,
        )
    if correction.source != Source.STUDENT:
        _tell_student(correction, "opened")


def undecided(student: Student) -> QuerySet[Correction]:
    return Correction.objects.filter(student=student, status__in=Correction.UNDECIDED)


def of_season(season: Season) -> QuerySet[Correction]:
    """In a scope: those of the school, or of all schools."""
    return Correction.objects.filter(student__season=season).select_related("student__school", "student__season")


def wanted_value(correction: Correction) -> str:
    """The value that is asked for, in clear."""
    if not correction.wanted_sealed:
        return correction.wanted
    return encryption.decrypt(correction.wanted_sealed, id_encryption.correction_place(correction.student_id))


def masked_wanted_value(correction: Correction) -> str:
    """The value that is asked for, as lists show it: a document number is masked."""
    if correction.wanted_sealed:
        number = mask(wanted_value(correction))
        return f"{correction.get_wanted_type_display()} {number}".strip()
    if correction.field == Field.GENDER and correction.wanted in Student.Gender.values:
        return str(Student.Gender(correction.wanted).label)
    return correction.wanted


def check_correction(*, correction: Correction, by: User) -> Correction:
    """The first person has compared the evidence with what is asked for. A second one accepts.

    Raises PortalError without evidence, and Conflict when it is checked or decided already.
    """
    if not correction.needs_two:
        raise PortalError(_("This correction is decided by one person."))
    with transaction.atomic():
        row = _locked(correction)
        if not row.evidence:
            raise PortalError(_("There is no evidence yet. Add a picture of the document first."))
        states.change(
            row,
            Status.CHECKED,
            by=by,
            facts={"field": row.field},
            checked_by=by,
            checked_by_name=by.actor_name,
            checked_at=timezone.now(),
        )
        _tell_student(row, "checked")
        _tell_second_person(row)
    return row


def _tell_second_person(row: Correction) -> None:
    told = {"student": row.student.name, "field": row.field}
    notifications.notify_school(
        row.school, season=row.student.season, kind="correction.to_accept", parameters=told, student=row.student
    )
    if schools_of_one_person([row.school_id]):
        about = {"school": row.school.name}
        notifications.notify_center(season=row.student.season, kind="correction.to_accept_center", parameters=about)


def schools_of_one_person(schools: Iterable[int]) -> set[int]:
    """Of these ids, the schools in which fewer than two persons may accept corrections."""
    asked, roles = set(schools), [str(role) for role in permissions.roles_of("corrections.accept")]
    people = Membership.objects.filter(school__in=asked, user__is_active=True, roles__overlap=roles)
    several = people.order_by().values("school").annotate(number=Count("pk")).filter(number__gt=1)
    return asked - set(several.values_list("school", flat=True))


def may_accept(correction: Correction, by: User) -> bool:
    """Whether it is this person's turn, as far as the correction itself says."""
    if not correction.needs_two:
        return correction.status == Status.OPEN
    return correction.status == Status.CHECKED and correction.checked_by_id != by.pk


def accept_correction(*, correction: Correction, by: User, answer: str = "") -> Correction:
    """Accept a correction and change the student in the same transaction.

    The value is checked as in a roster (a document number by GB 11643). Raises WrongData for a value that cannot be
    right, Conflict when the correction is decided already, NotAllowed for the person who has checked it. For the
    portrait nothing changes here: the caller resets the photo.
    """
    try:
        with transaction.atomic():
            row = _locked(correction)
            if row.needs_two and row.status == Status.OPEN:
                raise PortalError(_("Somebody compares it with the evidence first; then another person accepts."))
            if row.needs_two and row.checked_by_id == by.pk:
                raise NotAllowed(_("You have checked this correction yourself. Another person accepts it."))
            _decide(row, Status.ACCEPTED, by=by, answer=answer)
            if row.field != Field.PORTRAIT:
                row.student = records.change_student(student=row.student, by=by, correction=row, **_values(row))
            _tell_decided(row)
    except records.WrongData as wrong:
        if wrong.taken:
            wrong.taken.record(by)
        raise
    return row


def _values(row: Correction) -> dict[str, str]:
    """The fields of the student that an accepted correction sets. A resident's number says the gender too."""
    values = {row.field: wanted_value(row)}
    if row.field == Field.ID_NUMBER:
        values["id_type"] = row.wanted_type or row.student.id_type
        if id_numbers.says_gender(values["id_type"]):
            values["gender"] = id_numbers.gender_of(values["id_number"])
    return values


def decline_correction(*, correction: Correction, by: User, answer: str) -> Correction:
    """Decline a correction. `answer` is required: it tells the student why."""
    if not answer.strip():
        raise PortalError(_("Tell the student why."))
    with transaction.atomic():
        row = _locked(correction)
        _decide(row, Status.DECLINED, by=by, answer=answer)
        _tell_decided(row)
    return row


def withdraw_correction(*, correction: Correction, by: User | Student, answer: str = "") -> Correction:
    """Whoever opened it no longer wants it: the student, or the staff. What a student asks for, staff decline."""
    with transaction.atomic():
        row = _locked(correction)
        if (row.source == Source.STUDENT) != isinstance(by, Student):
            raise NotAllowed(_("Only who asked for a correction withdraws it. Decline it and say why."))
        _decide(row, Status.WITHDRAWN, by=by, answer=answer)
        if row.source != Source.STUDENT:
            _tell_decided(row)
    return row


def close(student: Student, *, answer: str, by: history.Actor = history.SYSTEM) -> int:
    """Withdraw what is not decided, because the student is no longer there. Returns how many."""
    rows = list(undecided(student).select_related("student__school", "student__season", "school"))
    for row in rows:
        _decide(row, Status.WITHDRAWN, by=by, answer=answer)
    return len(rows)


def _locked(correction: Correction) -> Correction:
    """The row as it is now, locked. Raises the refusal of a season in the archive."""
    rows = Correction.objects.select_for_update(of=("self",), no_key=True)
    row = rows.select_related("student__school", "student__season", "school").get(pk=correction.pk)
    season = row.student.season
    if not season.allows(Action.CORRECT_DATA):
        raise season.state_refusal()
    return row


def _decide(row: Correction, to: str, *, by: history.Actor, answer: str) -> None:
    only_from: list[str] | None = None
    if to == Status.ACCEPTED:
        only_from = [Status.CHECKED if row.needs_two else Status.OPEN]
    states.change(
        row,
        to,
        by=by,
        facts={"field": row.field},
        only_from=only_from,
        answer=answer.strip()[:300],
        decided_at=timezone.now(),
        decided_by=by if isinstance(by, User) else None,
        decided_by_name=by.actor_name,
    )


def _tell_decided(row: Correction) -> None:
    _tell_student(row, row.status, answer=row.answer)
    if row.waits_for_print:
        told = {"school": row.school.name}
        notifications.notify_center(season=row.student.season, kind="correction.to_print_again", parameters=told)


def _tell_student(row: Correction, step: str, **more: Any) -> None:
    notifications.notify(
        row.student, school=row.school, kind=f"correction.{step}", parameters={"field": row.field} | more
    )


def printed_again(students: Iterable[int], *, school: School, by: history.Actor) -> int:
    """The sheets of these students are printed once more, with what was corrected. Returns how many corrections."""
    printed = set(students)  # tens of thousands; the corrections of a school that wait are few
    rows = [
        row for row in waiting_for_print().filter(school=school).select_related("student") if row.student_id in printed
    ]
    Correction.objects.filter(pk__in=[row.pk for row in rows]).update(printed_again_at=timezone.now())
    history.record_many("correction.printed_again", [(row, "") for row in rows], by=by)
    people = {row.student_id: row.student for row in rows}.values()
    notifications.notify_many(people, school=school, kind="correction.printed_again")
    return len(rows)


def accepted_since(moment: dt.datetime, *, school: School, season: Season) -> QuerySet[Correction]:
    """The data that were corrected after this moment, such as that of the feedback form; oldest first."""
    rows = of_season(season).filter(school=school, status=Status.ACCEPTED, decided_at__gt=moment)
    return rows.exclude(field=Field.PORTRAIT).order_by("decided_at", "id")


def waiting_for_print() -> QuerySet[Correction]:
    """Accepted after the sheet was printed, and not printed again yet."""
    return Correction.objects.filter(to_print_again=True, printed_again_at=None, status=Status.ACCEPTED)


@erasure.registers_eraser
def _erase(student: Student, whole: bool) -> None:
    """Nobody decides any more about who is erased."""
    if whole:
        close(student, answer="")
        _forget(student)


def _forget(student: Student) -> None:
    """What the corrections of this student say of the person; that there were some stays."""
    values: dict[str, Any] = {"wanted": "", "wanted_sealed": None, "wanted_type": "", "explanation": ""}
    rows = Correction.objects.filter(student=student)
    rows.update(**values)
    rows.exclude(answer=MOVED).update(answer="")


@move.registers_copier
def _copy_evidence(copies: Copies) -> None:
    for row in undecided(copies.old):
        if row.needs_two:
            _twin(copies, row)


def _twin(copies: Copies, row: Correction) -> Correction:
    """An unsaved row with the evidence, encrypted for the receiving school's student."""
    twin: Correction = copies.twin(
        row, ("evidence",), stores=_seal_anew, student_id=copies.new, field=row.field, evidence_at=row.evidence_at
    )
    return twin


def _seal_anew(write: files.Writer, row: Correction, twin: Correction, name: str) -> dict[str, Any]:
    content = correction_evidence.content_of(row)
    return correction_evidence.stored(twin, content, write=write) if content else {}


@move.registers_mover
def _move(found: Move) -> None:
    """What is not decided yet ends here; who the student is, is opened again at the receiving school. The school before keeps
    no name, number or picture of a document.
    """
    for row in undecided(found.old):
        wanted = wanted_value(row)
        _decide(row, Status.WITHDRAWN, by=found.by, answer=MOVED)
        if not row.needs_two or wanted == current_value(found.new, row.field):
            continue
        twin = _create(found.new, row.field, wanted, row.wanted_type, row.explanation, found.by)
        if row.evidence:
            correction_evidence.keep(_twin(found.copies, row), of=twin)
        history.record("correction.asked", twin, by=found.by, after=twin.status, facts={"field": row.field})
        found.told["corrections"] = found.told.get("corrections", 0) + 1
    correction_evidence.delete_of(found.old)
    _forget(found.old)
