"""What was promised, against what is there: in the database, on the disk and at the mail server."""

import email
import email.policy
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from torture.visitors import PRICE_FEN, Promises


@dataclass
class Count:
    """One line: how many there are, and what is wrong with which. `twice`: also what nobody was promised.

    `may_repeat`: what is there twice is told, and is no fault.
    """

    what: str
    number: int
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    may_repeat: bool = False

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.wrong or (self.twice and not self.may_repeat))


def compare(
    what: str, promised: Iterable[Hashable], found: Iterable[Hashable], known: Iterable[Hashable] = ()
) -> Count:
    """Each of `promised` is found once; what else is found is among `known`, once too."""
    wanted, there = set(promised), Counter(found)
    allowed = wanted | set(known)
    return Count(
        what,
        len(wanted),
        lost=[str(item) for item in wanted if item not in there],
        twice=[str(item) for item, n in there.items() if n > 1 or (known and item not in allowed)],
    )


LOOKS = 15  # a second apart: longer than two sweeps


# --- rest ------------------------------------------------------------------------------------------------------------


def is_at_rest() -> bool:
    """Nothing waits and nothing is worked on."""
    from capture.models import Photo
    from portal.models import Delivery, Job

    return not (
        Photo.objects.filter(status=Photo.Status.CHECKING).exists()
        or Job.objects.filter(status__in=(Job.Status.QUEUED, Job.Status.RUNNING)).exists()
        or Delivery.objects.filter(status__in=(Delivery.Status.QUEUED, Delivery.Status.SENDING)).exists()
    )


def wait_for_rest(seconds: float) -> bool:
    """Whether it comes to rest, and stays so while the timetable goes round."""
    from django.db import connection

    until, quiet = time.monotonic() + seconds, 0
    while time.monotonic() < until and quiet < LOOKS:
        connection.close()
        quiet = quiet + 1 if is_at_rest() else 0
        time.sleep(1)
    return quiet == LOOKS


# --- the count -------------------------------------------------------------------------------------------------------


def reckon(promises: Promises, letters: Iterable[Any]) -> Iterator[Count]:
    """All counts. `letters`: the envelopes that the mail server took."""
    yield from photos(promises)
    yield from payments(promises)
    yield from jobs(promises)
    yield from rosters(promises)
    yield from deliveries(promises, list(letters))
    yield from history()
    yield from files()


def photos(promises: Promises) -> Iterator[Count]:
    from capture.models import Photo

    rows = list(Photo.objects.all())
    yield compare("photos answered with success", promises.photos, (str(row.token) for row in rows), promises.tokens)
    verdict = Count("photos with a verdict", len(rows))
    verdict.lost = [
        f"{row.pk} {row.status}" for row in rows if row.status in (Photo.Status.CHECKING, Photo.Status.FAILED)
    ]
    kept = (Photo.Status.READY, Photo.Status.SUBMITTED, Photo.Status.APPROVED)
    verdict.wrong = [f"{row.pk} has no portrait" for row in rows if row.status in kept and not row.portrait]
    yield verdict
    whole = Count("pictures of photos, whole", 0)
    for row in rows:
        for name in ("original", "preview", "portrait", "thumbnail"):
            if file := getattr(row, name):
                whole.number += 1
                if problem := _damage(file, getattr(row, f"{name}_size"), row.sha256 if name == "original" else ""):
                    whole.lost.append(f"{row.pk} {name} {problem}")
    yield whole
    pks = {row.pk: row.status for row in rows}
    after = (Photo.Status.SUBMITTED, Photo.Status.APPROVED, Photo.Status.RETURNED)
    handed_in = Count("photos handed in", len(promises.submitted))
    handed_in.lost = [str(pk) for pk in promises.submitted if pks.get(pk) not in after]
    yield handed_in
    decided = Count("photos decided", len(promises.decided))
    decided.lost = [f"{pk} {status}" for pk, status in promises.decided.items() if pks.get(pk) != status]
    yield decided
    current = Counter(row.student_id for row in rows if row.is_current)
    yield Count("students with a photo", len(current), twice=[str(pk) for pk, number in current.items() if number > 1])


def _damage(file: Any, size: int, sha256: str) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read()
    except OSError:
        return "is missing"
    if len(content) != size:
        return f"has {len(content)} bytes instead of {size}"
    return "has other content" if sha256 and hashlib.sha256(content).hexdigest() != sha256 else ""


def payments(promises: Promises) -> Iterator[Count]:
    from billing.models import Callback, FeeAccount, LedgerEntry, Order
    from students.models import Student

    booked = list(LedgerEntry.objects.filter(kind=LedgerEntry.Kind.PAYMENT).select_related("order__student"))
    pairs = [(entry.order.number, entry.external_id) for entry in booked]
    yield compare("payments confirmed, in the ledger", promises.confirmed.items(), pairs)
    never = Count("payments forged or wrong, not booked", len(promises.forged | promises.odd))
    never.twice = [paid for _number, paid in pairs if paid in promises.forged | promises.odd]
    yield never
    kept = Callback.objects.filter(verified=True, is_refused=True).values_list("external_id", flat=True)
    yield compare("payments refused, kept for a person", promises.odd, kept)
    balance = Count("balances", FeeAccount.objects.count())
    for order in Order.objects.filter(status=Order.Status.PAID).prefetch_related("entries").select_related("student"):
        if sorted(entry.amount_fen for entry in order.entries.all()) != [-PRICE_FEN, PRICE_FEN]:
            balance.wrong.append(f"order {order.number}")
        if order.student.fee_state != Student.FeeState.PAID:
            balance.wrong.append(f"student {order.student_id}")
    total = sum(entry.amount_fen for entry in booked)
    if total != -PRICE_FEN * len(set(pairs)) or Order.objects.filter(status=Order.Status.PAID).count() != len(pairs):
        balance.wrong.append(f"total {total}")
    yield balance


def jobs(promises: Promises) -> Iterator[Count]:
    from portal.models import Job

    rows = list(Job.objects.all())
    yield compare("jobs asked for", promises.jobs, (row.pk for row in rows))
    ended = Count("jobs done, or failed with a sentence", len(rows))
    ended.lost = [f"{row.pk} {row.kind} {row.status}" for row in rows if row.is_open]
    ended.wrong = [f"{row.pk} {row.kind}" for row in rows if row.status == Job.Status.FAILED and not row.message]
    for row in rows:
        if row.artefact and (problem := _damage(row.artefact, row.artefact_size, "")):
            ended.wrong.append(f"{row.pk} {row.kind} {problem}")
    yield ended


def rosters(promises: Promises) -> Iterator[Count]:
    from students.models import RosterImport, Student

    rows = {row.pk: row for row in RosterImport.objects.all()}
    yield compare("rosters brought", promises.imports, list(rows))
    open_ones = (RosterImport.Status.READING, RosterImport.Status.APPLYING)
    stuck = Count("rosters read, or refused with a sentence", len(rows))
    stuck.lost = [str(pk) for pk, row in rows.items() if row.status in open_ones]
    yield stuck
    there = list(Student.objects.filter(student_no__startswith="R").values_list("student_no", flat=True))
    wanted: list[str] = []
    told = Count("rosters confirmed", len(promises.imported))
    for pk, numbers in promises.imported.items():
        if rows[pk].status == RosterImport.Status.DONE:
            wanted += numbers
        elif not rows[pk].message:
            told.lost.append(f"{pk} {rows[pk].status}")
    yield told
    yield compare("students of confirmed rosters", wanted, there)


def deliveries(promises: Promises, envelopes: list[Any]) -> Iterator[Count]:
    from capture.models import Photo
    from portal import notification_kinds
    from portal.models import Delivery, Notification

    rows = list(Delivery.objects.select_related("notification"))
    told = Notification.objects.filter(kind__in=("photo_returned", "photo_approved")).values_list("pk", flat=True)
    yield compare(
        "notifications with their delivery",
        told,
        (row.notification_id for row in rows if row.notification_id in set(told)),
    )
    ended = Count("deliveries sent", len(rows))
    ended.lost = [f"{row.pk} {row.status} {row.error}" for row in rows if row.status != Delivery.Status.SENT]
    yield ended
    letters = [email.message_from_bytes(entry.content, policy=email.policy.default) for entry in envelopes]
    came = [(str(letter["To"]), _text(letter)) for letter in letters]
    returned = [(to, found[0]) for to, text in came if (found := re.findall(r"第\d+次由\w+退回，请重拍。", text))]
    subject = str(notification_kinds.render("photo_approved", {}).subject)
    approved = Photo.objects.filter(pk__in=[pk for pk, status in promises.decided.items() if status == "approved"])
    wanted = {(address, "approved") for address in approved.values_list("student__email", flat=True)}
    good = [(str(letter["To"]), "approved") for letter in letters if str(letter["Subject"]) == subject]
    sent = compare("letters at the mail server", promises.letters | wanted, returned + good)
    sent.twice = []  # the next line tells of every letter
    yield sent
    numbers = [str(letter["Message-ID"]).partition("@")[0] for letter in letters]
    yield of_letters([f"<delivery-{row.pk}" for row in rows if row.status == Delivery.Status.SENT], numbers)


def of_letters(sent: Iterable[str], arrived: Iterable[str]) -> Count:
    """Each delivery that counts as sent has come. One may come twice under its number (decision 43): told, and no fault."""
    count = compare("letters of deliveries sent", sent, arrived)
    count.may_repeat = True
    count.wrong = sorted(set(arrived) - set(sent))
    return count


def _text(letter: Any) -> str:
    return letter.get_content() if letter.get_content_type() == "text/plain" else ""


def history() -> Iterator[Count]:
    from django.core.management import CommandError, call_command

    from billing.models import Order
    from capture.models import Photo
    from portal.models import Event, Job

    output = StringIO()
    try:
        call_command("check_history", "--json", stdout=output)
        wrong: list[str] = []
    except CommandError as error:
        wrong = [str(error)]
    report = json.loads(output.getvalue())
    yield Count(
        "lines of the history, genuine", report["lines"], wrong=wrong + [str(fault) for fault in report["faults"]]
    )
    last: dict[tuple[str, int], str] = {}
    chain = Count("states that the history tells", 0)
    for name, pk, _before, after in (
        Event.objects.exclude(after="").order_by("pk").values_list("object_type", "object_id", "before", "after")
    ):
        last[name, pk] = after
    for model, states in ((Photo, None), (Order, None), (Job, (Job.Status.DONE, Job.Status.FAILED))):
        rows = model.objects.all() if states is None else model.objects.filter(status__in=states)
        for pk, status in rows.values_list("pk", "status"):
            chain.number += 1
            if last.get((model._meta.label_lower, pk)) != status:
                chain.lost.append(f"{model._meta.label_lower} {pk} {status}")
    yield chain


def files() -> Iterator[Count]:
    from django.apps import apps
    from django.db.models import FileField
    from django.utils import timezone

    from portal import files as private_files
    from portal.privacy import unnamed_files

    left = unnamed_files.delete(before=timezone.now())
    stored = {found.name for found in private_files.storage().listing()}
    named = {
        name
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, FileField)
        for name in model._base_manager.exclude(**{field.name: ""}).values_list(field.name, flat=True)
        if name
    }
    yield compare("files that a row names", named, stored)
    yield Count(
        f"files without a row ({left} left by kills, deleted as by the job of the night)",
        len(stored),
        twice=sorted(stored - named),
    )
