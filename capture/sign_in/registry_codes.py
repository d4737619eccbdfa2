"""One number of the registry is one student of a season: kept as a keyed hash from the first capture code on.

After the key of document numbers has been changed and the old one removed, a student's next code is kept anew.
"""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from capture.models import RegistryCode
from capture.sign_in.providers.base import MaskedIdentity, Refused
from portal import history
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.security import encryption
from portal.tenancy import across_schools, school_scope
from students.models import Student
from students.without_list import appearances

REASON_LENGTH = 200


def keep(student: Student, claim: MaskedIdentity) -> None:
    """Keep that the number of the claim is this student's. Raises Refused when it is another's, or the student has another."""
    hashes = encryption.keyed_hashes(f"{student.season_id}/{claim.number}", b"registry number")
    with across_schools():  # a number may have been used at any school
        owner = RegistryCode.objects.filter(season_id=student.season_id, number_hash__in=hashes).first()
    if owner and owner.student_id == student.pk:
        return
    if owner:
        raise _used(claim)
    try:
        with school_scope(student.school), transaction.atomic():
            own = RegistryCode.objects.filter(student=student).first()
            if own and encryption.can_be_found(own.number_hash):
                raise Refused(
                    _(
                        "Another capture code was used for you before. Go to a station of your school with your document."
                    ),
                    why="other_code",
                    claim=claim,
                )
            values = {"school": student.school, "season": student.season, "number_hash": hashes[0]}
            RegistryCode.objects.update_or_create(student=student, defaults=values)
    except IntegrityError as error:  # at this moment by somebody else
        raise _used(claim) from error


def of(student: Student) -> RegistryCode | None:
    """In the scope of the student's school, or of all."""
    return RegistryCode.objects.filter(student=student).first()


@retried
def forget(student: Student, *, reason: str, by: User) -> None:
    """Forget the number, so that the student's next code is kept: after an error, or where the registry gave a new number.

    Raises PortalError without a reason, and where the number is all that says who the student is.
    """
    reason = " ".join(reason.split())[:REASON_LENGTH]
    if not reason:
        raise PortalError(_("Please give the reason: it stands in the history."))
    if student.appeared_by_code:
        raise Conflict(
            _(
                "This student is known by the registry's number alone. Do not confirm the student; then another code can appear."
            )
        )
    Student.objects.select_for_update(of=("self",), no_key=True).get(pk=student.pk)
    if not RegistryCode.objects.filter(student=student).delete()[0]:
        raise Conflict(_("No number of the registry is kept for this student."))
    history.record("student.code_forgotten", student, by=by, facts={"reason": reason})


@appearances.registers_leaving
def give_free(student: Student) -> None:
    """Whom a school has refused may appear at another one."""
    RegistryCode.objects.filter(student=student).delete()


def _used(claim: MaskedIdentity) -> Refused:
    return Refused(
        _("This capture code was used by another student. Use your own; if it is yours, tell your school."),
        why="used",
        claim=claim,
    )
