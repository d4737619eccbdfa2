"""Hand-over packages (移交包): who is still to be handed over, making a package, making it again, its receipt."""

import datetime as dt
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from capture.models import Photo
from portal import files, history
from portal.background import jobs
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.models import Job, User
from portal.security import encryption
from printing.handover import certificates, contents, sealing
from printing.handover.registry_list import Handed
from printing.models import HandoverItem, HandoverPackage
from schools.models import Action, Enrolment, Season
from students.identity import id_encryption
from students.models import Correction, Student

KIND = "handover"
PROGRESS_EVERY = 200  # students
# Whose portrait and data are confirmed. Who was corrected and has not confirmed again comes in a supplement.
CONFIRMED = (Student.Stage.PROOFED, Student.Stage.PRINTED, Student.Stage.DELIVERED)
Status = HandoverPackage.Status


def in_force(items: QuerySet[HandoverItem]) -> QuerySet[HandoverItem]:
    """Those in which the registry has what is true today: nothing was corrected since, and the portrait is the same."""
    corrected = Correction.objects.filter(
        student=OuterRef("student"), status=Correction.Status.ACCEPTED, decided_at__gt=OuterRef("package__read_at")
    )
    items = items.filter(photo__is_current=True, photo__status=Photo.Status.APPROVED)
    return items.exclude(Exists(corrected.exclude(field=Correction.Field.PORTRAIT)))


def waiting() -> QuerySet[Student]:
    """The confirmed students of whom the registry does not have what is true today. In the scope of a school, or of all."""
    handed = in_force(HandoverItem.objects.filter(student=OuterRef("pk")))
    return Student.objects.filter(stage__in=CONFIRMED).exclude(Exists(handed))


def handed(season: Season) -> dict[int, int]:
    """{school: its confirmed students of whom the registry has what is true today}. In the scope of a school, or of all."""
    items = in_force(HandoverItem.objects.filter(student__season=season, student__stage__in=CONFIRMED))
    return dict(items.order_by().values_list("school_id").annotate(n=Count("student", distinct=True)))


def _waiting_of(enrolment: Enrolment) -> QuerySet[Student]:
    return waiting().filter(school=enrolment.school_id, season=enrolment.season_id)


def is_somebody_waiting(enrolment: Enrolment) -> bool:
    return _waiting_of(enrolment).exists()


def outdated_in(package: HandoverPackage) -> int:
    """How many students of a package are not as it says any more."""
    return package.students - in_force(package.items.all()).count() if package.read_at else 0


def create(enrolment: Enrolment, *, by: User | history.System, with_job: bool = True) -> HandoverPackage:
    """Order the next package of a school: everybody, and later a supplement of who is new or was corrected. A job makes it.

    Raises PortalError when nobody is to be handed over, while a package is being made, and without a certificate.
    """
    with transaction.atomic():
        enrolment = (
            Enrolment.objects.select_for_update(of=("self",), no_key=True)
            .select_related("season", "school")
            .get(pk=enrolment.pk)
        )
        enrolment.require(Action.HAND_OVER)
        last = HandoverPackage.objects.filter(enrolment=enrolment).select_related("job").first()
        if last and last.is_being_made:
            raise PortalError(_("The last package of this school is being made. Wait until it is done."))
        if not is_somebody_waiting(enrolment):
            raise PortalError(
                _("Nobody of this school is to be handed over: the registry has everybody who is confirmed.")
            )
        if last and last.status == Status.ORDERED:
            package = last  # it failed: the same number is made now
        else:
            package = HandoverPackage(
                school_id=enrolment.school_id,
                season_id=enrolment.season_id,
                enrolment=enrolment,
                number=last.number + 1 if last else 1,
            )
        _address(package)
        package.save()
        history.record("handoverpackage.ordered", package, by=by, after=package.status)
        if with_job:
            _queue(package, by=by)
    return package


def make_again(package: HandoverPackage, *, by: User | history.System, with_job: bool = True) -> HandoverPackage:
    """Make the file of a package again: the same content, encrypted for the certificate in force.

    Raises PortalError when a student in it was corrected since: then only a supplement tells the truth.
    """
    with transaction.atomic():
        package = HandoverPackage.objects.select_for_update(of=("self",), no_key=True).get(pk=package.pk)
        if package.status == Status.ORDERED or package.is_being_made:
            raise PortalError(_("This package has not been made yet."))
        _refuse_outdated(package)
        _address(package)
        package.save(update_fields=["receiver_name", "certificate", "fingerprint"])
        if with_job:
            _queue(package, by=by)
    return package


def _refuse_outdated(package: HandoverPackage) -> None:
    count = outdated_in(package)
    if count:
        raise PortalError(
            ngettext(
                "%(n)d student of this package was corrected since it was made. Make a supplement instead.",
                "%(n)d students of this package were corrected since it was made. Make a supplement instead.",
                count,
            )
            % {"n": count}
        )


def _address(package: HandoverPackage) -> None:
    """The package is for the certificate in force."""
    receiver = certificates.current()
    if receiver is None:
        raise PortalError(_("Nobody can open a package yet: enter the certificate of the registry first."))
    certificates.read(receiver.certificate)  # it may have ended meanwhile
    package.receiver_name, package.certificate = receiver.name, receiver.certificate
    package.fingerprint = receiver.fingerprint


def _queue(package: HandoverPackage, *, by: User | history.System) -> None:
    package.job = jobs.create(
        KIND,
        by=by,
        school=package.school,
        season=package.season,
        total=package.students,
        params={"package": package.pk},
    )
    package.save(update_fields=["job"])


@jobs.handler(
    KIND,
    label=gettext_lazy("Package for the registry"),
    queue="build",
    file_may="handover.make",
    holds_students=True,
    seen_with="handover.see",
)
def build(job: Job) -> None:
    """Make the package, and give the encrypted file to the job."""
    package = HandoverPackage.objects.select_related("school", "season", "enrolment").get(pk=job.params["package"])
    job.result = {}

    def progress(done: int, total: int) -> None:
        jobs.progress(job, done, total)

    with tempfile.TemporaryDirectory(prefix="tucai-handover-") as folder:
        path = Path(folder) / package.filename
        try:
            make(package, path, by=job.created_by or history.SYSTEM, progress=progress)
        except contents.Doubtful as error:
            job.result["problems"] = error.problems
            raise PortalError(describe(error)) from error
        # The job closes it when it is stored; the folder may be gone by then.
        jobs.attach_file(job, package.filename, path.open("rb"))


def describe(error: contents.Doubtful) -> str:
    students = len({student for student, _problem in error.problems})
    return ngettext(
        "%(n)d student cannot be handed over as it is. The page of the school's packages says who, and why.",
        "%(n)d students cannot be handed over as they are. The page of the school's packages says who, and why.",
        students,
    ) % {"n": students}


def make(
    package: HandoverPackage,
    path: Path,
    *,
    by: history.Actor,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> HandoverPackage:
    """Write the encrypted file of a package to `path`.

    The first time its students are read and fixed; later the content must be the same. Raises Doubtful, and PortalError
    when nobody is left or the content is another one.
    """
    is_first = package.status == Status.ORDERED
    read_at = timezone.now() if is_first else package.read_at
    students = _read_waiting(package) if is_first else _read_items(package)
    if not students:
        raise PortalError(_("Nobody of this school is to be handed over any more."))

    def say(done: int) -> None:
        if done % PROGRESS_EVERY == 0:
            progress(done, len(students))

    with (
        files.reading_ahead(student.portrait for student in students) as read,
        sealing.sealed(path, certificate=package.certificate) as out,
    ):
        digest, size = contents.write(
            out,
            students,
            school=package.school,
            graduating_class=package.season.graduating_class,
            facts=_facts(package),
            read=read,
            progress=say,
        )
    if not is_first and digest != package.sha256:
        path.unlink()
        raise PortalError(_("The content of this package has changed since it was made. Make a supplement instead."))
    with path.open("rb") as file:
        sealed_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    made: dict[str, Any] = {"sealed_sha256": sealed_sha256}
    facts = {"students": len(students), "content_sha256": digest, "sealed_sha256": sealed_sha256}
    facts["fingerprint"] = package.fingerprint
    with transaction.atomic():
        if is_first:
            made |= {"sha256": digest, "size": size, "students": len(students), "read_at": read_at}
            HandoverItem.objects.bulk_create(
                (
                    HandoverItem(
                        school_id=package.school_id, package=package, student_id=row.student, photo_id=row.photo
                    )
                    for row in students
                ),
                batch_size=2000,
            )
            states.change(package, Status.MADE, by=by, facts=facts, made_at=timezone.now(), **made)
        else:
            HandoverPackage.objects.filter(pk=package.pk).update(**made)
            package.sealed_sha256 = sealed_sha256
            history.record("handoverpackage.made_again", package, by=by, facts=facts)
    return package


def _facts(package: HandoverPackage) -> dict[str, Any]:
    """What the manifest says; nothing that changes."""
    season, school = package.season, package.school
    return {
        "format": 1,
        "package": str(package),
        "supplement": package.is_supplement,
        "center": season.center_name,
        "school": {"code": school.code, "name": school.name},
        "season": season.year,
        "graduating_class": season.graduating_class,
    }


_COLUMNS = (
    "student_no",
    "name",
    "gender",
    "id_type",
    "id_sealed",
    "id_masked",
    "level",
    "college",
    "major",
    "class_name",
)


def _read_waiting(package: HandoverPackage) -> list[Handed]:
    photos = Photo.objects.filter(
        student__in=_waiting_of(package.enrolment), is_current=True, status=Photo.Status.APPROVED
    )
    columns = ("student_id", "pk", "portrait", *(f"student__{name}" for name in _COLUMNS))
    return _handed(package, photos.order_by("student_id").values_list(*columns))


def _read_items(package: HandoverPackage) -> list[Handed]:
    columns = ("student_id", "photo_id", "photo__portrait", *(f"student__{name}" for name in _COLUMNS))
    return _handed(package, package.items.order_by("student_id").values_list(*columns))


def _handed(package: HandoverPackage, rows: QuerySet[Any, Any]) -> list[Handed]:
    earlier = HandoverItem.objects.filter(package__enrolment=package.enrolment_id, package__number__lt=package.number)
    replaced = dict(earlier.order_by().values_list("student_id").annotate(Max("package__number")))
    found = []
    for student, photo, portrait, student_no, name, gender, id_type, sealed, masked, *rest in rows:
        place = id_encryption.student_place(
            season_id=package.season_id, school_id=package.school_id, student_no=student_no
        )
        number = encryption.decrypt(sealed, place) if sealed else ""
        level, college, major, class_name = rest
        found.append(
            Handed(
                *(student, photo, portrait, student_no, name, gender, id_type, number, masked),
                *(level, college, major, class_name, replaced.get(student, 0)),
            )
        )
    return found


def mark_sent(package: HandoverPackage, *, sent_on: dt.date, sent_how: str, by: User) -> HandoverPackage:
    """The center says that the file has gone to the registry. Raises PortalError when a student was corrected since."""
    with transaction.atomic():
        _refuse_outdated(package)
        states.change(
            package,
            Status.SENT,
            by=by,
            facts={"sent_on": sent_on.isoformat()},
            sent_on=sent_on,
            sent_how=sent_how.strip(),
            sent_by_name=by.actor_name,
        )
    return package


def record_receipt(
    package: HandoverPackage,
    *,
    confirmed_on: dt.date,
    confirmed_by_name: str,
    receipt_no: str,
    differences: str = "",
    by: User,
) -> HandoverPackage:
    """What the registry has answered; said again, it replaces what was recorded before."""
    answer: dict[str, Any] = {
        "confirmed_on": confirmed_on,
        "confirmed_by_name": confirmed_by_name.strip(),
        "receipt_no": receipt_no.strip(),
        "differences": differences.strip(),
    }
    # Not the differences: they may name students, and the history cannot be erased.
    facts = {"receipt_no": receipt_no.strip(), "has_differences": bool(differences.strip())}
    with transaction.atomic():
        package = HandoverPackage.objects.select_for_update(of=("self",), no_key=True).get(pk=package.pk)
        if package.status == Status.SENT:
            states.change(package, Status.RECEIVED, by=by, facts=facts, **answer)
            return package
        if package.status != Status.RECEIVED:
            raise Conflict(_("Say first that the package was sent."))
        HandoverPackage.objects.filter(pk=package.pk).update(**answer)
        history.record("handoverpackage.receipt_changed", package, by=by, facts=facts)
    return package


def unconfirmed(enrolments: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """Those without a package, or whose last one is not confirmed by the registry."""
    confirmed = HandoverPackage.objects.filter(enrolment=OuterRef("pk"), status=Status.RECEIVED)
    return enrolments.filter(~Q(Exists(confirmed)))
