"""The electronic portraits of a school (电子版照片) as a ZIP.

A file's name is the student number, or the document number where somebody who may have it asked for it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capture.models import Photo
from portal import files, history
from portal.background import jobs
from portal.errors import PortalError
from portal.models import Job, User
from portal.security import encryption
from printing import zip_archive
from proofing import feedback
from proofing.models import Feedback
from proofing.proofs import WITH_PORTRAIT
from schools.models import Enrolment
from students.identity import id_encryption
from students.roster.columns import BY_FIELD

KIND = "portraits"  # of jobs: named by student number
KINDS = (KIND, "portraits_by_number")
PROGRESS_EVERY = 200  # files
MISSING_LIST = "缺失照片名单.txt"
CORRECTED_LIST = "表后更正名单.txt"


@dataclass(frozen=True)
class Archive:
    """What was written: the file's name for the reader, how many portraits, and how many bytes."""

    filename: str
    students: int
    length: int


class _Portrait(NamedTuple):
    """`file`: where it is stored; `id_sealed`: where it names the file in the archive."""

    file: str
    student_no: str
    college: str
    major: str
    id_sealed: bytes | None = None


def approved_portraits(enrolment: Enrolment) -> QuerySet[Photo]:
    """The approved portraits of the school, in the order of the student numbers.

    School and season of the student too, though they are the photo's: PostgreSQL knows then how many students there are.
    """
    return Photo.objects.filter(
        school=enrolment.school_id,
        season=enrolment.season_id,
        is_current=True,
        status=Photo.Status.APPROVED,
        student__school=enrolment.school_id,
        student__season=enrolment.season_id,
        student__stage__in=WITH_PORTRAIT,
    ).order_by("student__student_no")


def create(enrolment: Enrolment, *, by: User, folders: bool, by_document: bool) -> Job:
    """Start the job that makes the archive. One at a time for a person.

    The caller has checked that the person may have the numbers. Raises PortalError when there is no
    portrait, or while the person's last archive is being made.
    """
    number = approved_portraits(enrolment).count()
    if not number:
        raise PortalError(_("No student of the school has an approved portrait yet."))
    return jobs.create_alone(
        KINDS[by_document],
        among=KINDS,
        by=by,
        school=enrolment.school,
        season=enrolment.season,
        total=number,
        params={"enrolment": enrolment.pk, "folders": folders},
    )


@jobs.handler(
    KIND,
    label=gettext_lazy("Archive of the portraits"),
    queue="build",
    file_may="portraits.download",
    holds_students=True,
)
def make(job: Job) -> None:
    _make(job, by_document=False)


@jobs.handler(
    "portraits_by_number",
    label=gettext_lazy("Archive of the portraits by document number"),
    queue="build",
    file_may="portraits.download_by_number",
    holds_students=True,
)
def make_by_number(job: Job) -> None:
    _make(job, by_document=True)


def _make(job: Job, *, by_document: bool) -> None:
    """Write the archive into a temporary file and give it to the job."""
    enrolment = Enrolment.objects.select_related("school", "season").get(pk=job.params["enrolment"])
    file = TemporaryFile()  # noqa: SIM115 (the job closes it when it is stored)
    try:
        made = write(
            file,
            enrolment,
            by=job.created_by or history.SYSTEM,
            folders=job.params["folders"],
            by_document=by_document,
            progress=lambda done, total: jobs.progress(job, done, total),
        )
    except BaseException:
        file.close()
        raise
    jobs.attach_file(job, made.filename, file)


def write(
    out: IO[bytes],
    enrolment: Enrolment,
    *,
    by: history.Actor,
    folders: bool = False,
    by_document: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Archive:
    """Write the archive of all approved portraits. The download is recorded in the history.

    `folders` puts the files into folders by college and major. `by_document` names them by document
    number; the caller has checked that the person may have the numbers. A portrait whose file is missing is
    left out; a text file in the archive lists the student numbers, and another one what was corrected after the
    feedback form was accepted: an earlier archive has these under other names. Raises PortalError when there is
    no portrait.
    """
    portraits = _portraits(enrolment, by_document)
    if not portraits:
        raise PortalError(_("No student of the school has an approved portrait yet."))
    missing: list[str] = []
    length = 0
    for chunk in zip_archive.stream_zip(_contents(enrolment, portraits, folders, missing, progress)):
        out.write(chunk)
        length += len(chunk)
    count = len(portraits) - len(missing)
    facts = {"students": count, "in_clear": by_document} | ({"missing": missing} if missing else {})
    history.record("portraits.downloaded", enrolment, by=by, facts=facts)
    return Archive(f"{enrolment.school.code}-{enrolment.season.graduating_class}.zip", count, length)


def _contents(
    enrolment: Enrolment,
    portraits: list[_Portrait],
    folders: bool,
    missing: list[str],
    progress: Callable[[int, int], None],
) -> Iterator[tuple[str, bytes]]:
    """The files of the archive; the student numbers whose file is not there are added to `missing`."""
    with files.reading_ahead(one.file for one in portraits) as read:
        for done, one in enumerate(portraits, start=1):
            try:
                content = read(one.file)
            except FileNotFoundError:
                missing.append(one.student_no)
            else:
                yield _entry_name(one, enrolment, folders), content
            if done % PROGRESS_EVERY == 0:
                progress(done, len(portraits))
    for name, lines in ((MISSING_LIST, missing), (CORRECTED_LIST, corrected_lines(enrolment))):
        if lines:
            yield name, "\r\n".join(lines).encode("utf-8-sig")


def corrected_lines(enrolment: Enrolment) -> list[str]:
    """A line for each correction since the form: student number, what (as the roster heads it), when."""
    form = Feedback.objects.filter(enrolment=enrolment).first()
    return [
        f"{row.student.student_no}\t{BY_FIELD[row.field].heading}\t{timezone.localdate(row.decided_at):%Y-%m-%d}"
        for row in feedback.corrected_since(form)
    ]


def _portraits(enrolment: Enrolment, by_document: bool) -> list[_Portrait]:
    columns = ("portrait", "student__student_no", "student__college", "student__major")
    rows = approved_portraits(enrolment).values_list(*columns, *(("student__id_sealed",) if by_document else ()))
    return [_Portrait(*row) for row in rows]


def _entry_name(one: _Portrait, enrolment: Enrolment, folders: bool) -> str:
    """The name of the file in the archive."""
    number = one.student_no
    if one.id_sealed is not None:
        place = id_encryption.student_place(
            season_id=enrolment.season_id, school_id=enrolment.school_id, student_no=one.student_no
        )
        number = encryption.decrypt(one.id_sealed, place)
    return zip_archive.entry_name(number, folders=(one.college, one.major) if folders else ())
