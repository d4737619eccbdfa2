"""Rewriting what an older key of ID_NUMBER_KEY has written, while the product works.

`manage.py rotate_keys` makes a job of it. Both keys are set meanwhile: the new one writes, both are
read. The job may be stopped and run again at any time: rows of the current key are passed over. Its
report says when the old key is needed no more.
"""

from collections.abc import Callable

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal import files, history
from portal.accounts import factor_secrets, passwords
from portal.background import jobs
from portal.models import Job
from portal.notifications import contacts
from portal.security import encryption
from students.correcting import correction_evidence
from students.identity import id_encryption
from students.models import Correction, RosterBundle, RosterImport, Student
from students.roster.importer import lock_numbers

KIND = "rotate_keys"
Count = Callable[[], dict[int, int]]
Rewrite = Callable[[], list[int]]
_OTHERS: dict[str, tuple[Count, Rewrite]] = {}
BATCH = 500
# One statement a batch. Another writer may have changed a row since it was read: its ciphertext differs then.
_REWRITE = """
UPDATE students_student own SET id_sealed = new.sealed, id_hash = new.hash, id_tail = new.tail
FROM unnest(%s::bigint[], %s::bytea[], %s::bytea[], %s::text[], %s::int[]) AS new (id, old, sealed, hash, tail)
WHERE own.id = new.id AND own.id_sealed = new.old
"""


def registers(name: str, count: Count, rewrite: Rewrite) -> None:
    """Register what a room above keeps encrypted: how many rows each version has written, and a function that writes those
    of older keys anew and gives the ids of rows that cannot be read.
    """
    _OTHERS[name] = (count, rewrite)


def registered() -> list[str]:
    return list(_OTHERS)


registers("second factors", factor_secrets.count_by_version, factor_secrets.rewrite)
registers("linked addresses", contacts.count_by_version, contacts.rewrite)
registers("passwords", passwords.count_by_version, passwords.rewrite)
registers("evidence of corrections", correction_evidence.SEALED.count_by_version, correction_evidence.SEALED.rewrite)


def count_by_version() -> dict[str, dict[int, int]]:
    """{"students" | "corrections" | registered name: {version: rows}}, for the command and the report."""
    found: dict[str, dict[int, int]] = {}
    for name, table, column in (
        ("students", "students_student", "id_sealed"),
        ("corrections", "students_correction", "wanted_sealed"),
    ):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT get_byte({column}, 0), count(*) FROM {table} WHERE length({column}) > 0 GROUP BY 1 ORDER BY 1"  # noqa: S608
            )
            found[name] = dict(cursor.fetchall())
    return found | {name: count() for name, (count, _rewrite) in _OTHERS.items()}


def start_rotation() -> Job:
    """The job that rewrites what is left of older keys; the one that waits or runs already, if there is one."""
    open_jobs = Job.objects.filter(kind=KIND, status__in=(Job.Status.QUEUED, Job.Status.RUNNING))
    with transaction.atomic():
        return open_jobs.first() or jobs.create(KIND, by=history.SYSTEM)


@jobs.handler(KIND, label=gettext_lazy("Rewriting document numbers with the new key"), queue="build")
def run_rotation(job: Job) -> None:
    total = Student.objects.count()
    damaged: list[int] = []
    done = after = 0
    while rows := list(Student.objects.filter(pk__gt=after).exclude(id_sealed=b"").order_by("pk")[:BATCH]):
        after = rows[-1].pk
        damaged += _rewrite_students(rows)
        done += len(rows)
        jobs.progress(job, done, max(total, done))
    others = {"corrections": _rewrite_corrections()}
    others |= {name: rewrite() for name, (_count, rewrite) in _OTHERS.items()}
    left = _versions_left()
    job.result = {"version": encryption.current_version(), "students": done, "left": left, "damaged": damaged[:1000]}
    job.result |= {f"damaged {name}": found[:1000] for name, found in others.items()}
    unreadable = len(damaged) + sum(map(len, others.values()))
    history.record("job.keys_rotated", job, by=history.SYSTEM, facts={"students": done, "unreadable": unreadable})
    job.message = _report(unreadable, left)


def _report(unreadable: int, left: list[int]) -> str:
    if not left:
        return _("Everything is encrypted with the newest key. Older keys can be removed from ID_NUMBER_KEY.")
    if not unreadable:
        return _(
            "Keep the older keys: a roster that was uploaded under them waits for its import, or an operator has not set a password since (changepassword). Run rotate_keys again later."
        )
    sentence = ngettext(
        "Keep all keys: %(n)d row could not be read. See the job's result for the rows.",
        "Keep all keys: %(n)d rows could not be read. See the job's result for the rows.",
        unreadable,
    )
    return sentence % {"n": unreadable}


def _is_old(student: Student) -> bool:
    version = encryption.current_version()
    return encryption.version_of(student.id_sealed) != version or not student.id_hash.startswith(f"{version}:")


def _rewrite_students(rows: list[Student]) -> list[int]:
    """Rewrite those of an older key; the ids of rows that cannot be read."""
    new: list[tuple[int, bytes, bytes, str, int | None]] = []
    damaged = []
    for row in filter(_is_old, rows):
        old = bytes(row.id_sealed)
        try:
            number = row.id_number
        except encryption.Unreadable:
            damaged.append(row.pk)
        else:
            row.id_number = number
            new.append((row.pk, old, bytes(row.id_sealed), row.id_hash, row.id_tail))
    if new:
        with transaction.atomic():
            lock_numbers(exclusive=True)
            with connection.cursor() as cursor:
                cursor.execute(_REWRITE, [list(column) for column in zip(*new, strict=True)])
    return damaged


def _rewrite_corrections() -> list[int]:
    """As `_rewrite_students`."""
    damaged = []
    for row in Correction.objects.exclude(wanted_sealed=None).iterator(chunk_size=BATCH):
        if row.wanted_sealed and encryption.version_of(row.wanted_sealed) != encryption.current_version():
            place = id_encryption.correction_place(row.student_id)
            try:
                sealed = encryption.encrypt(encryption.decrypt(row.wanted_sealed, place), place)
            except encryption.Unreadable:
                damaged.append(row.pk)
                continue
            Correction.objects.filter(pk=row.pk, wanted_sealed=row.wanted_sealed).update(wanted_sealed=sealed)
    return damaged


def _version_of_file(row: RosterImport | RosterBundle) -> set[int]:
    begin = files.beginning_of(row.file.name)
    return {encryption.version_of(begin)} if begin else set()


def _versions_left() -> list[int]:
    """The older versions that something still needs: rows, and rosters that wait for their import."""
    current = encryption.current_version()
    found = {version for rows in count_by_version().values() for version in rows}
    for roster in RosterImport.objects.exclude(file=""):
        sealed = [getattr(roster, name) for name in RosterImport.SEALED]
        found |= {encryption.version_of(content) for content in sealed if content}
        found |= _version_of_file(roster)
    for bundle in RosterBundle.objects.exclude(file=""):
        found |= _version_of_file(bundle)
    return sorted(found - {current})
