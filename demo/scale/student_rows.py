"""All rows of the students of the scale demo: one batch is what some schools photograph on some days."""

import datetime as dt
import itertools
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from billing.models import LedgerEntry, Order, SettlementLine, Waiver
from capture.models import Consent, Exemption, Finding, Imprint, Likeness, Photo
from demo.scale import names, stories
from demo.scale.copying import Raw, Table, array_text, json_text
from demo.scale.pictures import FILES, Picture, Pictures, files_of
from demo.scale.stories import Story
from portal.formatting import mask
from portal.history import seals
from portal.models import Contact, Delivery, Event, Look, Notification
from portal.security import encryption
from printing.models import PrintItem
from proofing.models import Proof
from schools.models import NoticeReceipt
from students.identity import id_encryption
from students.lists import pinyin
from students.models import Correction, Student, StudentSession
from vision import ENGINE_VERSION
from vision.likeness.imprint import BITS, split_words

Stage, Status, FeeState = Student.Stage, Photo.Status, Student.FeeState
MINUTE = dt.timedelta(minutes=1)
EVENTS, LATER_EVENTS, MESSAGES = 48, 8, 6  # most numbers that one student takes of each kind
A_VOLUME, A_PAGE = 500, 7
RETURNS = (
    "衣领不平整，请整理后重拍。",
    "头发遮住眉毛，请重拍。",
    "光线不均匀，请面向窗户重拍。",
    "眼镜反光，请调整角度后重拍。",
)


@dataclass(frozen=True)
class Dates:
    """When a school has come how far; None while it has not."""

    feedback: dt.datetime | None = None
    accepted: dt.datetime | None = None
    ordered: dt.datetime | None = None
    printed: dt.datetime | None = None
    shipped: dt.datetime | None = None
    received: dt.datetime | None = None


@dataclass(frozen=True)
class Campus:
    """One school in one season."""

    enrolment_id: int
    status: str  # of the enrolment
    school_id: int
    season_id: int
    year: int
    graduating_class: int
    phase: str  # a key of `stories.STORIES`
    size: int
    first_student: int  # id
    first_person: int  # number of the document number of the first student
    starts_on: dt.date
    ends_on: dt.date
    students_pay: bool
    is_settled: bool
    is_purged: bool  # the originals are deleted already
    level: str
    reviewer: tuple[str, str]  # key and name of who decides
    officer: tuple[str, str]
    reviewer_id: int
    imported_at: dt.datetime
    import_no: int
    consent_text: int
    consent_facts: dict[str, Any]
    limit_set: int | None
    account_id: int
    settlement_id: int | None
    run_id: int | None
    shipment_id: int | None
    dates: "Dates"
    notice_id: int | None
    price_fen: int


@dataclass(frozen=True)
class Chunk:
    """Students of one school who come on one day; None: they do not come."""

    campus: Campus
    first: int
    number: int
    day: dt.date | None


@dataclass(frozen=True)
class Batch:
    """`first`: how many students stand in the batches before."""

    number: int
    first: int
    chunks: tuple[Chunk, ...]


@dataclass
class Numbers:
    """The first free number of each table, how many students there are in all, and who made the season."""

    first: dict[str, int]
    students: int
    now: dt.datetime
    seed: int
    officer_id: int


EVENT_COLUMNS = (
    "id", "at", "kind", "object_type", "object_id", "school_id", "season_id", "actor_key", "actor_name", "before", "after",
    "facts", "source", "seal",
)  # fmt: skip


def event_table() -> Table:
    return Table(Event, *EVENT_COLUMNS)


def add_event(table: Table, number: int, event: tuple[Any, ...]) -> None:
    """`event`: the values of EVENT_COLUMNS from `at` to `source`."""
    at, kind, what, pk, school, season, key, name, before, after, facts, source = event
    seal = seals.signature(
        seals.content_of(at, [kind, school, season, what, pk, key, name, before, after, source], facts)
    )
    table.add(number, at, kind, what, pk, school, season, key, name, before, after, json_text(facts), source, seal)


@dataclass
class Tables:
    student: Table = field(default_factory=lambda: Table(
        Student, "id", "school_id", "season_id", "student_no", "name", "id_type", "id_sealed", "id_hash", "id_tail", "pinyin",
        "initials", "gender", "level", "college", "major", "class_name", "phone", "email", "stage", "fee_state", "locked_at", "lock_reason", "import_no",
        "created_at", "updated_at",
    ))  # fmt: skip
    consent: Table = field(
        default_factory=lambda: Table(
            Consent,
            "id",
            "school_id",
            "student_id",
            "version",
            "text_id",
            "face_comparison",
            "admission_comparison",
            "film",
            "printing",
            "agreed_at",
        )
    )
    photo: Table = field(default_factory=lambda: Table(
        Photo, "id", "school_id", "season_id", "student_id", "status", "is_current", "attempts", "queued_at",
        *(name for file in FILES for name in (file, f"{file}_size")), "width", "height", "sha256", "engine", "limit_set_id",
        "outcome", "measures", "geometry", "background", "token", "taken_at", "checked_at", "compared_at", "face_compared_at",
        "submitted_at",
        "decided_at", "decided_by_id", "reason", "attempt",
    ))  # fmt: skip
    finding: Table = field(
        default_factory=lambda: Table(
            Finding, "id", "school_id", "season_id", "photo_id", "rule", "outcome", "value", "limit", "marks"
        )
    )
    imprint: Table = field(default_factory=lambda: Table(Imprint, "id", "school_id", "photo_id", "bits", "words"))
    likeness: Table = field(
        default_factory=lambda: Table(Likeness, "id", "school_id", "photo_id", "other_id", "bits", "found_at")
    )
    exemption: Table = field(default_factory=lambda: Table(
        Exemption, "id", "school_id", "season_id", "student_id", "kind", "words", "status", "declared_at", "decided_at",
        "decided_by_name"))  # fmt: skip
    proof: Table = field(
        default_factory=lambda: Table(
            Proof,
            "id",
            "school_id",
            "season_id",
            "student_id",
            "photo_id",
            "status",
            "confirmed_by_school",
            "reason",
            "at",
        )
    )
    correction: Table = field(
        default_factory=lambda: Table(
            Correction, "id", "school_id", "student_id", "status", "field", "wanted", "explanation", "created_at"
        )
    )
    print_item: Table = field(
        default_factory=lambda: Table(
            PrintItem, "id", "school_id", "run_id", "student_id", "photo_id", "volume", "page", "again"
        )
    )
    settlement_line: Table = field(default_factory=lambda: Table(
        SettlementLine, "id", "school_id", "settlement_id", "student_id", "student_no", "name", "masked_id", "college",
        "major", "class_name"))  # fmt: skip
    order: Table = field(default_factory=lambda: Table(
        Order, "id", "school_id", "season_id", "student_id", "number", "status", "provider", "merchant", "channel",
        "amount_fen", "created_at", "expires_at", "paid_at", "refund_number", "refund_requested_at"))  # fmt: skip
    entry: Table = field(default_factory=lambda: Table(
        LedgerEntry, "id", "school_id", "season_id", "account_id", "order_id", "kind", "amount_fen", "balance_fen",
        "provider", "reference", "external_id", "at", "posted_on"))  # fmt: skip
    waiver: Table = field(
        default_factory=lambda: Table(
            Waiver, "id", "school_id", "season_id", "student_id", "kind", "reason", "granted_at", "granted_by_id"
        )
    )
    notification: Table = field(
        default_factory=lambda: Table(
            Notification, "id", "school_id", "recipient_key", "kind", "parameters", "link", "created_at", "read_at"
        )
    )
    delivery: Table = field(default_factory=lambda: Table(
        Delivery, "id", "school_id", "notification_id", "channel", "address", "status", "error", "attempts", "queued_at",
        "sent_at"))  # fmt: skip
    receipt: Table = field(
        default_factory=lambda: Table(NoticeReceipt, "id", "school_id", "notice_id", "reader_key", "number", "read_at")
    )
    session: Table = field(
        default_factory=lambda: Table(StudentSession, "id", "school_id", "student_id", "begun_at", "seen_at")
    )
    look: Table = field(
        default_factory=lambda: Table(
            Look, "id", "school_id", "at", "kind", "page", "actor_key", "actor_name", "address", "students", "number"
        )
    )
    contact: Table = field(default_factory=lambda: Table(Contact, "school_id", "recipient_key", "channel", "muted"))
    event: Table = field(default_factory=event_table)

    def copy(self) -> Counter[str]:
        return Counter({table.name: table.copy() for table in vars(self).values()})


@dataclass
class Made:
    """What a batch has made: rows by table, and for whom each school pays by account."""

    rows: Counter[str]
    billed: Counter[int]
    portraits: Counter[int]  # {enrolment: students with an approved portrait}
    printed: Counter[tuple[int, int]]  # {(run, volume): students}


def write(batch: Batch, numbers: Numbers, pictures: Pictures) -> Made:
    """Make and copy the rows of a batch."""
    writer = _Writer(batch, numbers, pictures)
    for chunk in batch.chunks:
        for n in range(chunk.first, chunk.first + chunk.number):
            writer.add_student(chunk, n)
        writer.add_look(chunk)
    writer.add_events()
    return Made(writer.tables.copy(), writer.billed, writer.portraits, writer.printed)


class _Writer:
    def __init__(self, batch: Batch, numbers: Numbers, pictures: Pictures) -> None:
        self.chance = random.Random(f"{numbers.seed}:{batch.number}")
        self.numbers, self.pictures, self.batch = numbers, pictures, batch
        self.first = numbers.first
        self.tables = Tables()
        self.ordinal = batch.first
        self.events: list[tuple[Any, ...]] = []
        self.later: list[tuple[Any, ...]] = []
        self.billed: Counter[int] = Counter()
        self.portraits: Counter[int] = Counter()
        self.printed: Counter[tuple[int, int]] = Counter()
        self.messages = itertools.count(batch.first * MESSAGES)
        self.looks = itertools.count(batch.first)
        self.last_imprint: tuple[int, int, int] | None = None  # photo, school, bits

    def add_student(self, chunk: Chunk, n: int) -> None:
        one = _One(self, chunk, n, self.ordinal)
        self.ordinal += 1
        one.tell()

    def add_look(self, chunk: Chunk) -> None:
        """Somebody of the school has opened the first page of this list."""
        if chunk.day is None or chunk.day > self.numbers.now.date():
            return
        campus, count = chunk.campus, min(chunk.number, 50)
        first = campus.first_student + chunk.first
        key, name = campus.reviewer
        self.tables.look.add(
            self.first["portal_look"] + next(self.looks), campus.school_id, self.moment(chunk.day, 16), "list",
            "students:roster", key, name, "10.0.0.1", array_text(list(range(first, first + count))), count,
        )  # fmt: skip

    def moment(self, day: dt.date, hour: int) -> dt.datetime:
        """An hour here, not later than now."""
        at = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC) + dt.timedelta(hours=hour - 8)
        return min(at, self.numbers.now)

    def add_events(self) -> None:
        """The lines of the history, in their order of time."""
        first, table = self.first["portal_event"], self.tables.event
        later = first + self.numbers.students * EVENTS + self.batch.first * LATER_EVENTS
        for start, events in ((first + self.batch.first * EVENTS, self.events), (later, self.later)):
            for number, event in enumerate(sorted(events, key=lambda event: event[0]), start=start):
                add_event(table, number, event)


class _One:
    """One student."""

    def __init__(self, writer: _Writer, chunk: Chunk, n: int, ordinal: int) -> None:
        self.w, self.campus, self.n, self.ordinal = writer, chunk.campus, n, ordinal
        self.t, self.chance = writer.tables, writer.chance
        self.pk = chunk.campus.first_student + n
        self.key = f"student:{self.pk}"
        self.story = self._story(chunk)
        self.place = names.placed(n, chunk.campus.graduating_class)
        self.name = names.person_name(chunk.campus.first_person + n)
        self.at = self._arrival(chunk)
        self.email = f"s{self.pk}@example.org" if self.pk % 3 == 0 else ""
        self.stage: str = Stage.WAITING
        self.fee: str = FeeState.UNPAID
        self.locked_at: dt.datetime | None = None
        self.lock_reason = ""
        self.photo_id = 0

    def id(self, table: str, a_student: int = 1, place: int = 0) -> int:
        """A number that no other row of the table has."""
        return self.w.first[table] + self.ordinal * a_student + place

    def _story(self, chunk: Chunk) -> Story:
        today = self.w.numbers.now.date()
        phase = chunk.campus.phase
        if chunk.day is None or chunk.day > today:
            return stories.NEVER
        return stories.draw("today" if phase == "capturing" and chunk.day == today else phase, self.chance)

    def _arrival(self, chunk: Chunk) -> dt.datetime:
        if chunk.day is None:
            return self.w.numbers.now
        minute = self.chance.randrange(600)
        if chunk.day == self.w.numbers.now.date():  # until now only
            local = self.w.numbers.now + dt.timedelta(hours=8)
            minute = minute * min(max(local.hour * 60 + local.minute - 490, 1), 600) // 600
        return self.w.moment(chunk.day, 8) + minute * MINUTE + dt.timedelta(microseconds=self.ordinal % 1_000_000)

    def after(self, low: int, high: int) -> dt.datetime:
        """Some minutes later, not later than now."""
        self.at = min(self.at + self.chance.randint(low, high) * MINUTE, self.w.numbers.now)
        return self.at

    def event(
        self, kind: str, what: str, pk: int, /, *, by: tuple[str, str] | None = None, before: str = "", after: str = "",
        is_later: bool = False, **facts: Any,
    ) -> None:  # fmt: skip
        key, name = by or (self.key, "")
        events = self.w.later if is_later else self.w.events
        source = "task" if key == "system" else "web"
        of = self.campus.school_id, self.campus.season_id
        events.append((self.at, kind, what, pk, *of, key, name, str(before), str(after), facts, source))

    def move(self, stage: str, *, by: tuple[str, str] | None = None, is_later: bool = False, **facts: Any) -> None:
        self.event(
            f"student.{stage}",
            "students.student",
            self.pk,
            by=by,
            before=self.stage,
            after=stage,
            is_later=is_later,
            **facts,
        )
        self.stage = stage

    def tell(self) -> None:
        if self.story.tries:
            self._begin()
            for number, status in enumerate(self.story.tries):
                self._take(number, status)
            if self.story.is_locked:
                self.locked_at, self.lock_reason = self.at, "疑似翻拍照片，请到教务处说明情况。"
                self.event(
                    "student.locked", "students.student", self.pk, by=self.campus.reviewer, reason=self.lock_reason
                )
                self._notify("account_locked", {"reason": self.lock_reason})
            self._proofread()
        if self.stage in (Stage.APPROVED, Stage.PROOFED):
            self.w.portraits[self.campus.enrolment_id] += 1
        self._settle_fee()
        self._print()
        self._row()

    def _begin(self) -> None:
        campus = self.campus
        self.event("student.signed_in", "students.student", self.pk, address="10.0.0.1")
        self.t.consent.add(
            self.id("capture_consent"), campus.school_id, self.pk, "1", campus.consent_text, self.ordinal % 50 != 0, False, False, True,
            self.at,
        )  # fmt: skip
        self.event(
            "student.agreed", "students.student", self.pk,
            **campus.consent_facts | {"face_comparison": self.ordinal % 50 != 0, "admission_comparison": False, "film": False},
        )  # fmt: skip
        if self.pk % 20 == 0:
            self.t.session.add(self.id("students_studentsession"), campus.school_id, self.pk, self.at, self.at)
        if campus.notice_id and self.pk % 4 == 0:
            self.t.receipt.add(
                self.id("schools_noticereceipt"), campus.school_id, campus.notice_id, self.key, 1, self.at
            )
        if self.email and self.pk % 4 == 0:
            self.t.contact.add(campus.school_id, self.key, "email", array_text(["season"]))
        if self.pk % 400 == 1:
            self._declare()

    def _declare(self) -> None:
        pk, campus = self.id("capture_exemption"), self.campus
        is_open = campus.phase == "capturing" and self.pk % 3 == 0
        declared = self.at
        self.event("exemption.declared", "capture.exemption", pk, after="declared", student=self.pk)
        if not is_open:
            self.after(1, 3)
            self.event("exemption.confirmed", "capture.exemption", pk, by=campus.reviewer, before="declared",
                       after="confirmed", student=self.pk)  # fmt: skip
        self.t.exemption.add(
            pk, campus.school_id, campus.season_id, self.pk, "other" if campus.is_purged else "hair",
            "", "declared" if is_open else "confirmed", declared, None if is_open else self.at,
            "" if is_open else campus.reviewer[1],
        )  # fmt: skip

    def _take(self, number: int, status: str) -> None:
        campus = self.campus
        before_it = self.story.tries[number - 1] if number else ""
        if before_it == Status.RETURNED:
            self.after(600, 1500)
        elif number:
            self.after(4, 40)
        if before_it == Status.WITHDRAWN:
            self.event(
                "photo.withdrawn", "capture.photo", self.photo_id, before="ready", after="withdrawn", replaced=True
            )
        self.photo_id = pk = self.id("capture_photo", stories.MOST_TRIES, number)
        picture = self._picture(status)
        taken = self.at
        self.event(
            "photo.uploaded",
            "capture.photo",
            pk,
            after="checking",
            student=self.pk,
            origin="camera",
            width=1200,
            height=1600,
        )
        self.move(Stage.CHECKING, photo=pk)
        checked = submitted = decided = None
        reason = ""
        if status != Status.CHECKING:
            self.at = min(self.at + dt.timedelta(seconds=2), self.w.numbers.now)
            checked = self.at
            self._judge(pk, status, picture)
        if status in (Status.SUBMITTED, Status.APPROVED, Status.RETURNED):
            submitted = self.after(1, 3)
            self._submit(pk)
        if status in (Status.APPROVED, Status.RETURNED):
            decided = self.after(20, 1400)
            reason = self._decide(pk, status)
        kept = FILES if not campus.is_purged else FILES[2:] if status == Status.APPROVED else ()
        self.t.photo.add(
            pk, campus.school_id, campus.season_id, self.pk, status, number == len(self.story.tries) - 1,
            2 if status == Status.FAILED else 0, taken, *files_of(picture, kept), 1200, 1600,
            f"{self.chance.getrandbits(256):064x}", ENGINE_VERSION if checked else "", campus.limit_set if checked else None,
            picture.outcome, picture.measures, picture.geometry, picture.background,
            uuid.UUID(int=self.chance.getrandbits(128)), taken, checked, checked, checked, submitted, decided,
            campus.reviewer_id if decided else None, reason, number + 1,
        )  # fmt: skip
        for place, (rule, outcome, value, limit, marks) in enumerate(picture.findings):
            self.t.finding.add(
                self.id("capture_finding", 64, number * 20 + place),
                campus.school_id,
                campus.season_id,
                pk,
                rule,
                outcome,
                value,
                limit,
                marks,
            )
        if picture.outcome in ("green", "amber") and (kept or not campus.is_purged) and self.ordinal % 50:
            self._imprint(pk, checked)

    def _picture(self, status: str) -> Picture:
        pictures = self.w.pictures
        if status in (Status.CHECKING, Status.FAILED):
            whole = pictures.good[self.pk % len(pictures.good)]
            return Picture("", {"original": whole.files["original"]})
        if status == Status.REJECTED:
            return self.chance.choice(pictures.refused)
        share = 8 if status == Status.SUBMITTED else 40
        return self.chance.choice(pictures.doubtful if self.chance.randrange(share) == 0 else pictures.good)

    def _judge(self, pk: int, status: str, picture: Picture) -> None:
        system = ("system", "system")
        if status == Status.FAILED:
            self.event("photo.failed", "capture.photo", pk, by=system, before="checking", after="failed", attempts=2)
            return self.move(Stage.RETAKE, by=system, photo=pk)
        to = "rejected" if status == Status.REJECTED else "ready"
        self.event(
            f"photo.{to}",
            "capture.photo",
            pk,
            by=system,
            before="checking",
            after=to,
            outcome=picture.outcome,
            rules=picture.rules,
        )
        return self.move(Stage.RETAKE if to == "rejected" else Stage.READY, by=system, photo=pk)

    def _submit(self, pk: int) -> None:
        self._pay()
        self.event("photo.submitted", "capture.photo", pk, before="ready", after="submitted", student=self.pk)
        self.move(Stage.REVIEW, photo=pk)

    def _decide(self, pk: int, status: str) -> str:
        reason = "" if status == Status.APPROVED else self.chance.choice(RETURNS)
        facts: dict[str, Any] = {"student": self.pk} | ({"reason": reason} if reason else {})
        self.event(
            f"photo.{status}", "capture.photo", pk, by=self.campus.reviewer, before="submitted", after=status, **facts
        )
        self.move(Stage.APPROVED if status == Status.APPROVED else Stage.RETAKE, by=self.campus.reviewer, photo=pk)
        if reason:
            self._notify("photo_returned", {"reason": reason})
        else:
            self._notify("photo_approved", {})
        return reason

    def _imprint(self, pk: int, checked: dt.datetime | None) -> None:
        bits = self.chance.getrandbits(BITS)
        last = self.w.last_imprint
        if last and self.chance.randrange(3000) == 0:  # nearly the picture of the student before
            bits = last[2] ^ (1 << self.chance.randrange(BITS)) ^ (1 << self.chance.randrange(BITS))
            if (bits ^ last[2]).bit_count() == 2:
                self._alike(pk, last, checked)
        self.w.last_imprint = (pk, self.campus.school_id, bits)
        text = f"{bits:0{BITS // 4}x}"
        self.t.imprint.add(pk, self.campus.school_id, pk, Raw(f"{bits:0{BITS}b}"), array_text(split_words(text)))

    def _alike(self, pk: int, last: tuple[int, int, int], at: dt.datetime | None) -> None:
        other, school, _bits = last
        for place, (one, two, its) in enumerate(((pk, other, self.campus.school_id), (other, pk, school))):
            self.t.likeness.add(self.id("capture_likeness", 2, place), its, one, two, 2, at)
        self.t.finding.add(
            self.id("capture_finding", 64, 62), self.campus.school_id, self.campus.season_id, pk, "duplicate", "warn", 2.0, 72.0,
            Raw("[]"),
        )  # fmt: skip
        self.event("photo.likeness_found", "capture.photo", pk, by=("system", "system"), bits=2)

    def _pay(self) -> None:
        """Before the first photo is handed in, where the students pay."""
        campus = self.campus
        if not campus.students_pay or self.fee != FeeState.UNPAID:
            return
        if self.pk % 300 == 0:
            self._waive()
        else:
            self._order()

    def _waive(self) -> None:
        campus = self.campus
        pk = self.id("billing_waiver")
        self.t.waiver.add(
            pk,
            campus.school_id,
            campus.season_id,
            self.pk,
            "hardship",
            "家庭经济困难，学校已核实。",
            self.at,
            self.w.numbers.officer_id,
        )
        self.event("waiver.granted", "billing.waiver", pk, by=campus.officer, kind="hardship", student=self.pk)
        self._set_fee(FeeState.WAIVED, by=campus.officer)

    def _order(self) -> None:
        campus = self.campus
        provider = ("wechat", "alipay")[self.pk % 2]
        pk, is_refunded = self.id("billing_order", 2), self.story.is_locked
        number = f"{campus.year}{self.ordinal:018d}"
        created, price = self.at, campus.price_fen
        self.event("order.created", "billing.order", pk, after="created", amount_fen=price)
        paid = self.after(1, 2)
        system = ("system", "system")
        self._post(pk, number, provider, 0, "charge", price, price, f"charge:{number}", "")
        self._post(pk, number, provider, 1, "payment", -price, 0, f"{provider}{number}", f"{provider}{number}")
        self.event("order.paid", "billing.order", pk, by=system, before="created", after="paid")
        self._set_fee(FeeState.PAID, by=system)
        refund = None
        if is_refunded:
            refund = self.after(300, 900)
            self.event("order.refunding", "billing.order", pk, by=campus.officer, before="paid", after="refunding")
            self.event("order.refunded", "billing.order", pk, by=system, before="refunding", after="refunded")
            self._post(pk, number, provider, 2, "refund", price, price, f"R{number}", "")
            self._post(pk, number, provider, 3, "charge", -price, 0, f"uncharge:{number}", "")
            self._set_fee(FeeState.UNPAID, by=system)
        self.t.order.add(
            pk, campus.school_id, campus.season_id, self.pk, number, "refunded" if is_refunded else "paid", provider,
            provider, "phone", price, created, created + 15 * MINUTE, paid, f"R{number}" if is_refunded else "", refund,
        )  # fmt: skip

    def _post(
        self, order: int, number: str, provider: str, place: int, kind: str, fen: int, balance: int, external: str, reference: str
    ) -> None:  # fmt: skip
        pk, campus = self.id("billing_ledgerentry", 4, place), self.campus
        day = (self.at + dt.timedelta(hours=8)).date()
        self.t.entry.add(pk, campus.school_id, campus.season_id, campus.account_id, order, kind, fen, balance, provider,
                         reference, external, self.at, day)  # fmt: skip
        self.event(
            f"ledger.{kind}", "billing.ledgerentry", pk, by=("system", "system"), amount_fen=fen, reference=reference
        )

    def _set_fee(self, state: str, *, by: tuple[str, str]) -> None:
        self.event("student.fee", "students.student", self.pk, by=by, before=self.fee, after=state,
                   fee_state=[self.fee, state])  # fmt: skip
        self.fee = state

    def _settle_fee(self) -> None:
        """Where the school pays: the student counts as paid for once the school's account is settled."""
        campus = self.campus
        if campus.students_pay or self.stage not in Student.CAPTURED:
            return
        if self.fee not in Student.NOT_BILLED:
            self.w.billed[campus.account_id] += 1
        if campus.is_settled:
            self.fee = FeeState.BY_SCHOOL

    def _proofread(self) -> None:
        story, campus = self.story, self.campus
        if not (story.is_proofed or story.is_disputed):
            return
        end = self.w.moment(campus.ends_on + dt.timedelta(days=1), 9)
        last = campus.dates.feedback or self.w.numbers.now
        room = max(int((min(end + dt.timedelta(days=20), last) - end).total_seconds()) // 60, 1)
        self.at = max(self.at, end)
        self.after(0, room)
        pk, by_school = self.id("proofing_proof"), story.is_proofed and self.chance.randrange(8) == 0
        reason = "班级现场核对，已签字确认。" if by_school else ""
        status = "confirmed" if story.is_proofed else "disputed"
        self.t.proof.add(
            pk, campus.school_id, campus.season_id, self.pk, self.photo_id, status, by_school, reason, self.at
        )
        by = campus.reviewer if by_school else None
        if story.is_proofed:
            facts: dict[str, Any] = {"reason": reason} if reason else {}
            self.move(Stage.PROOFED, by=by, is_later=True, **facts)
            self.event(
                "proof.confirmed", "proofing.proof", pk, by=by, after="confirmed", is_later=True, photo=self.photo_id
            )
            return
        asked = self.id("students_correction")
        self.event("proof.disputed", "proofing.proof", pk, after="disputed", is_later=True)
        self.event("correction.asked", "students.correction", asked, after="open", is_later=True, field="major")
        self.t.correction.add(
            asked, campus.school_id, self.pk, "open", "major", "应用化学", "请老师核对学籍信息。", self.at
        )

    def _print(self) -> None:
        campus = self.campus
        if not campus.run_id or self.stage != Stage.PROOFED:
            return
        volume = self.n // A_VOLUME + 1
        self.t.print_item.add(self.id("printing_printitem"), campus.school_id, campus.run_id, self.pk, self.photo_id, volume,
                              self.n % A_VOLUME // A_PAGE + 1, "")  # fmt: skip
        self.w.printed[campus.run_id, volume] += 1
        if campus.dates.printed:
            self.at = campus.dates.printed
            self.move(Stage.PRINTED, by=campus.officer, is_later=True, run=campus.run_id)
        if campus.dates.received:
            self.at = campus.dates.received
            self.move(Stage.DELIVERED, by=campus.reviewer, is_later=True, shipment=campus.shipment_id)

    def _notify(self, kind: str, parameters: dict[str, Any]) -> None:
        campus, pk = self.campus, self.w.first["portal_notification"] + next(self.w.messages)
        read = self.at + 30 * MINUTE if pk % 5 else None
        self.t.notification.add(
            pk,
            campus.school_id,
            self.key,
            kind,
            json_text(parameters),
            "/me/",
            self.at,
            read and min(read, self.w.numbers.now),
        )
        if self.email:
            failed = pk % 997 == 0
            self.t.delivery.add(
                self.w.first["portal_delivery"] + pk, campus.school_id, pk, "email", self.email,
                "failed" if failed else "sent", "550 5.1.1 user unknown" if failed else "", 0, self.at, None if failed else self.at,
            )  # fmt: skip

    def _row(self) -> None:
        campus, place = self.campus, self.place
        number = names.id_number(campus.first_person + self.n, campus.graduating_class)
        where = id_encryption.student_place(
            season_id=campus.season_id, school_id=campus.school_id, student_no=place.student_no
        )
        self.t.student.add(
            self.pk, campus.school_id, campus.season_id, place.student_no, self.name, "resident",
            encryption.encrypt(number, where), id_encryption.digest(number),
            id_encryption.tail_bucket(number, season_id=campus.season_id), *pinyin.spell(self.name),
            "male" if int(number[16]) % 2 else "female", campus.level, place.college, place.major, place.class_name,
            f"200{self.pk:08d}", self.email, self.stage, self.fee, self.locked_at, self.lock_reason, campus.import_no,
            campus.imported_at, self.at if self.story.tries else campus.imported_at,
        )  # fmt: skip
        if campus.settlement_id and self.stage in Student.CAPTURED:
            self.t.settlement_line.add(self.id("billing_settlementline"), campus.school_id, campus.settlement_id, self.pk,
                                       place.student_no, self.name, mask(number), place.college, place.major,
                                       place.class_name)  # fmt: skip


def batches(campuses: list[Campus], *, at_least: int) -> Iterator[Batch]:
    """What is photographed on the same days stands together, as it came."""
    chunks = sorted(itertools.chain.from_iterable(map(_chunks, campuses)), key=lambda chunk: chunk.day or dt.date.max)
    taken: list[Chunk] = []
    number = first = 0
    for chunk in chunks:
        taken.append(chunk)
        if sum(one.number for one in taken) >= at_least:
            yield Batch(number, first, tuple(taken))
            number, first, taken = number + 1, first + sum(one.number for one in taken), []
    if taken:
        yield Batch(number, first, tuple(taken))


def _chunks(campus: Campus) -> Iterator[Chunk]:
    """The students of a school, day after day."""
    if campus.phase == "preparing":
        for first in range(0, campus.size, 2000):
            yield Chunk(campus, first, min(2000, campus.size - first), None)
        return
    days = (campus.ends_on - campus.starts_on).days + 1
    for day in range(days):
        first, end = campus.size * day // days, campus.size * (day + 1) // days
        if end > first:
            yield Chunk(campus, first, end - first, campus.starts_on + dt.timedelta(days=day))
