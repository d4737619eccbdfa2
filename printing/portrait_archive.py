"""The electronic portraits of a school (电子版照片) as a ZIP.

A file's name is the student number, or the document number where somebody who may have it asked for it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile

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
    """A ZIP that is created while `chunks` is read; `length` is its size in bytes."""

    filename: str
    students: int
    length: int
    chunks: Iterator[bytes]


def approved_portraits(enrolment: Enrolment) -> QuerySet[Photo]:
    """The approved portraits of the school, in the order of the sheets."""
    return Photo.objects.filter(
        school=enrolment.school_id,
        season=enrolment.season_id,
        is_current=True,
        status=Photo.Status.APPROVED,
        student__stage__in=WITH_PORTRAIT,
    ).order_by("student__college", "student__major", "student__class_name", "student__student_no")


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
    by = job.created_by or history.SYSTEM
    made = download(enrolment, by=by, folders=job.params["folders"], by_document=by_document)
    file = TemporaryFile()  # noqa: SIM115 (the job closes it when it is stored)
    for done, chunk in enumerate(made.chunks, start=1):
        file.write(chunk)
        if done % PROGRESS_EVERY == 0:
            jobs.progress(job, min(done, made.students), made.students)
    jobs.attach_file(job, made.filename, file)


def download(enrolment: Enrolment, *, by: history.Actor, folders: bool = False, by_document: bool = False) -> Archive:
    """The archive of all approved portraits. The download is recorded in the history.

    `folders` puts the files into folders by college and major. `by_document` names them by document
    number; the caller has checked that the person may have the numbers. A portrait whose file is missing is
    left out; a text file in the archive lists the student numbers, and another one what was corrected after the
    feedback form was accepted: an earlier archive has these under other names. Raises PortalError when there is
    no portrait.
    """
    entries, missing = _entries(enrolment, folders, by_document)
    if not entries and not missing:
        raise PortalError(_("No student of the school has an approved portrait yet."))
    count = len(entries)
    for name, lines in ((MISSING_LIST, missing), (CORRECTED_LIST, corrected_lines(enrolment))):
        if lines:
            text = "\r\n".join(lines).encode("utf-8-sig")
            entries.append(zip_archive.Entry(name, len(text), lambda text=text: text))  # type: ignore[misc]
    facts = {"students": count, "in_clear": by_document} | ({"missing": missing} if missing else {})
    history.record("portraits.downloaded", enrolment, by=by, facts=facts)
    made = zip_archive.build_zip(entries)
    return Archive(
        filename=f"{enrolment.school.code}-{enrolment.season.graduating_class}.zip",
        students=count,
        length=len(made),
        chunks=zip_archive.stream_zip(made),
    )


def corrected_lines(enrolment: Enrolment) -> list[str]:
    """A line for each correction since the form: student number, what (as the roster heads it), when."""
    form = Feedback.objects.filter(enrolment=enrolment).first()
    return [
        f"{row.student.student_no}\t{BY_FIELD[row.field].heading}\t{timezone.localdate(row.decided_at):%Y-%m-%d}"
        for row in feedback.corrected_since(form)
    ]


def _entries(enrolment: Enrolment, folders: bool, by_document: bool) -> tuple[list[zip_archive.Entry], list[str]]:
    """The files of the archive, and the student numbers whose file is missing."""
    size_of = _sizes(enrolment.school_id)
    entries, missing = [], []
    rows = approved_portraits(enrolment).values_list(
        "portrait", "student__id_sealed", "student__college", "student__major", "student__student_no"
    )
    for portrait, sealed, college, major, student_no in rows.iterator(chunk_size=5000):
        try:
            size = size_of(portrait)
        except FileNotFoundError:
            missing.append(student_no)
            continue
        number = student_no
        if by_document:
            place = id_encryption.student_place(
                season_id=enrolment.season_id, school_id=enrolment.school_id, student_no=student_no
            )
            number = encryption.decrypt(sealed, place)
        name = zip_archive.entry_name(number, folders=(college, major) if folders else ())
        entries.append(zip_archive.Entry(name, size, lambda portrait=portrait: files.read(portrait)))  # type: ignore[misc]
    return entries, missing


def _sizes(school_id: int) -> Callable[[str], int]:
    """The size of a stored portrait. Raises FileNotFoundError. Of a school's all at once: a bucket tells of a thousand
    with one answer.
    """
    storage = files.storage()
    listed = {stored.name: stored.size for stored in storage.listing(f"portraits/{school_id}/")}
    return lambda name: listed[name] if name in listed else storage.size(name)
