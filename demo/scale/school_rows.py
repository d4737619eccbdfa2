"""The rows of the schools of the scale demo that come after those of their students: fees, forms, runs, parcels, events."""

import datetime as dt
import itertools
from collections import Counter
from typing import Any

from billing.models import LedgerEntry, Settlement
from demo.scale.copying import Table, json_text
from demo.scale.pictures import Pictures
from demo.scale.student_rows import Campus, Numbers, add_event, event_table
from portal.models import Job
from printing.models import PrintRun, Shipment, Volume
from proofing.models import Feedback
from schools.models import Season
from students.models import RosterImport

EVENTS = 80  # most numbers that one school takes in a season
STUDENTS_A_PAGE = 4  # of A4 with five photos each: printing/layout.py
SYSTEM = ("system", "system")
# What the events are about.
ENROLMENT, ROSTER, SETTLEMENT, FORM, RUN, SHIPMENT = (
    "schools.enrolment", "students.rosterimport", "billing.settlement", "proofing.feedback", "printing.printrun",
    "printing.shipment",
)  # fmt: skip


class Writer:
    """Makes the rows of one school after another; `copy` writes them."""

    def __init__(self, numbers: Numbers, pictures: Pictures) -> None:
        self.numbers, self.pictures = numbers, pictures
        self.event_numbers = itertools.count(numbers.first["schools"])
        self.entry_numbers = itertools.count(numbers.first["school_entries"])
        self.events: list[tuple[Any, ...]] = []
        self.rows: Counter[str] = Counter()  # that the modules beside have copied
        self.event = event_table()
        self.roster_import = Table(
            RosterImport, "id", "school_id", "season_id", "status", "job_id", "file", "filename", "new", "created_at",
            "created_by_name")  # fmt: skip
        self.job = Table(
            Job, "id", "kind", "queue", "school_id", "season_id", "status", "params", "result", "done", "total", "created_at",
            "finished_at", "queued_at")  # fmt: skip
        self.entry = Table(
            LedgerEntry, "id", "school_id", "season_id", "account_id", "kind", "amount_fen", "balance_fen", "reference",
            "remarks", "external_id", "at", "posted_on", "booked_on", "by_id")  # fmt: skip
        self.settlement = Table(
            Settlement, "id", "school_id", "account_id", "number", "status", "as_of", "price_fen", "students", "amount_fen",
            "proposed_by_id", "proposed_at", "decided_by_id", "decided_at")  # fmt: skip
        self.feedback = Table(
            Feedback, "id", "school_id", "season_id", "enrolment_id", "status", "students", "quality", "service",
            "handler_name", "handler_phone", "stamped", "stamped_size", "stamped_type", "sent_at", "decided_at")  # fmt: skip
        self.run = Table(
            PrintRun, "id", "school_id", "season_id", "enrolment_id", "job_id", "students", "pages", "created_at",
            "printed_at", "created_by_id")  # fmt: skip
        self.volume = Table(
            Volume,
            "id",
            "school_id",
            "run_id",
            "number",
            "file",
            "students",
            "pages",
            "file_size",
            "sha256",
            "shipment_id",
        )
        self.shipment = Table(
            Shipment, "id", "school_id", "season_id", "run_id", "status", "carrier", "tracking_no", "address", "shipped_on",
            "received_at", "received_by_name")  # fmt: skip
        self.volume_numbers = itertools.count(1)

    def copy(self) -> Counter[str]:
        for number, event in zip(self.event_numbers, sorted(self.events, key=lambda event: event[0]), strict=False):
            add_event(self.event, number, event)
        tables = [table for table in vars(self).values() if isinstance(table, Table)]
        return self.rows + Counter({table.name: table.copy() for table in tables})

    def tell(self, campus: Campus, at: dt.datetime, kind: str, what: str, pk: int, /, *, by: tuple[str, str] = SYSTEM,
             before: str = "", after: str = "", **facts: Any) -> None:  # fmt: skip
        at = min(at, self.numbers.now)
        source = "task" if by == SYSTEM else "web"
        self.events.append((at, kind, what, pk, campus.school_id, campus.season_id, *by, before, after, facts, source))

    def change(self, campus: Campus, at: dt.datetime, what: str, pk: int, before: str, after: str, *,
               by: tuple[str, str] = SYSTEM, **facts: Any) -> None:  # fmt: skip
        """Tell of a change of state, whose kind is named by the new state: enrolment.shipped."""
        self.tell(campus, at, f"{what.partition('.')[2]}.{after}", what, pk, by=by, before=before, after=after, **facts)

    def add(self, campus: Campus, *, billed: int, portraits: int, volumes: dict[int, int]) -> None:
        """`volumes`: {number: students} of the school's run."""
        self._begin(campus)
        if billed and not campus.students_pay:
            self._fees(campus, billed)
        if campus.dates.feedback:
            self._proofreading(campus, campus.dates.feedback, portraits)
        if campus.run_id and volumes:
            self._prints(campus, campus.run_id, volumes)

    def _begin(self, campus: Campus) -> None:
        school, pk, at = campus.enrolment_id, campus.import_no, campus.imported_at
        made = at - dt.timedelta(days=10)
        self.tell(campus, made, "enrolment.created", ENROLMENT, school, by=campus.officer, after="preparing")
        self.job.add(
            pk, "roster_write", "build", campus.school_id, campus.season_id, "done", json_text({"roster": pk}), json_text({}),
            campus.size, campus.size, at, at, at,
        )  # fmt: skip
        file = f"{campus.graduating_class}届毕业生.xlsx"
        self.roster_import.add(
            pk, campus.school_id, campus.season_id, "done", pk, "", file, campus.size, at, campus.reviewer[1]
        )
        self.tell(campus, at, "rosterimport.uploaded", ROSTER, pk, by=campus.reviewer, after="reading", file=file)
        for before, after in itertools.pairwise(("reading", "preview", "applying", "done")):
            at += dt.timedelta(minutes=1)
            self.change(campus, at, ROSTER, pk, before, after)
        if campus.phase != "preparing":
            self.change(campus, _hour(campus.starts_on, 8), ENROLMENT, school, "preparing", "capturing")
        if campus.phase in ("proofreading", "feedback"):
            self.change(campus, _hour(campus.ends_on, 19), ENROLMENT, school, "capturing", "proofreading")

    def _fees(self, campus: Campus, billed: int) -> None:
        """The charge, the settlement, and what the school has transferred: all, a half, or nothing yet."""
        account, officer, fen = campus.account_id, campus.officer, billed * campus.price_fen
        at = min(campus.dates.feedback or self.numbers.now, self.numbers.now)
        self._post(campus, at, "charge", fen, fen, f"charge:{account}", "", officer)
        over = 2 * campus.price_fen if account % 5 == 0 else 0  # of a school that will ask for it
        paid = fen + over if campus.is_settled else billed // 2 * campus.price_fen if account % 3 == 0 else 0
        came = campus.dates.accepted or at
        if paid and campus.dates.feedback:
            reference = f"B{account:09d}"
            external = f"transfer:{reference.lower()}"
            self._post(campus, came, "payment", -paid, fen - paid, external, reference, officer)
        if campus.is_settled:
            self.tell(campus, came, "fees.settled", "billing.feeaccount", account, by=officer)
        if campus.settlement_id:
            self._settle(campus, campus.settlement_id, at, billed, fen)

    def _settle(self, campus: Campus, pk: int, at: dt.datetime, billed: int, fen: int) -> None:
        signed, facts = campus.dates.accepted, {"amount_fen": fen, "number": 1}
        self.settlement.add(
            pk, campus.school_id, campus.account_id, 1, "signed" if signed else "proposed", at.date(), campus.price_fen,
            billed, fen, self.numbers.officer_id, at, campus.reviewer_id if signed else None, signed,
        )  # fmt: skip
        self.change(campus, at, SETTLEMENT, pk, "", "proposed", by=campus.officer, students=billed, **facts)
        if signed:
            self.change(campus, signed, SETTLEMENT, pk, "proposed", "signed", by=campus.reviewer, **facts)

    def _post(
        self, campus: Campus, at: dt.datetime, kind: str, fen: int, balance: int, external: str, reference: str,
        by: tuple[str, str],
    ) -> None:  # fmt: skip
        pk, at = next(self.entry_numbers), min(at, self.numbers.now)
        day = (at + dt.timedelta(hours=8)).date()
        self.entry.add(pk, campus.school_id, campus.season_id, campus.account_id, kind, fen, balance, reference, "", external, at, day,
                       day if kind == "payment" else None, self.numbers.officer_id)  # fmt: skip
        self.tell(campus, at, f"ledger.{kind}", "billing.ledgerentry", pk, by=by, amount_fen=fen, reference=reference)

    def _proofreading(self, campus: Campus, sent: dt.datetime, portraits: int) -> None:
        accepted, pk = campus.dates.accepted, campus.enrolment_id
        name, size = self.pictures.form
        self.feedback.add(
            pk, campus.school_id, campus.season_id, pk, "accepted" if accepted else "sent", portraits,
            ("good", "good", "fair", "poor")[pk % 4], ("good", "fair")[pk % 2], campus.reviewer[1], "025-00000001", name, size,
            "image/jpeg", min(sent, self.numbers.now), accepted,
        )  # fmt: skip
        clerk, officer = campus.reviewer, campus.officer
        self.change(campus, sent - dt.timedelta(hours=2), FORM, pk, "", "made", by=clerk, students=portraits)
        self.change(campus, sent, FORM, pk, "made", "sent", by=clerk, students=portraits)
        self.change(campus, sent, ENROLMENT, pk, "proofreading", "feedback_sent", by=clerk)
        if accepted:
            self.change(campus, accepted, FORM, pk, "sent", "accepted", by=officer)
            self.change(campus, accepted, ENROLMENT, pk, "feedback_sent", "feedback_accepted", by=officer)

    def _prints(self, campus: Campus, pk: int, volumes: dict[int, int]) -> None:
        dates, officer, students = campus.dates, campus.officer, sum(volumes.values())
        assert dates.ordered is not None
        job, pages = (
            self.numbers.first["print_jobs"] + pk,
            sum(-(-number // STUDENTS_A_PAGE) for number in volumes.values()),
        )
        at = min(dates.ordered, self.numbers.now)
        self.job.add(job, "sheets", "build", campus.school_id, campus.season_id, "done", json_text({"run": pk}), json_text({}), students,
                     students, at, at, at)  # fmt: skip
        self.run.add(pk, campus.school_id, campus.season_id, campus.enrolment_id, job, students, pages, at, dates.printed,
                     self.numbers.officer_id)  # fmt: skip
        name, size = self.pictures.sheet
        for number, count in sorted(volumes.items()):
            self.volume.add(
                next(self.volume_numbers),
                campus.school_id,
                pk,
                number,
                name,
                count,
                -(-count // STUDENTS_A_PAGE),
                size,
                "",
                pk if dates.shipped else None,
            )
        self.tell(campus, at, "printrun.created", RUN, pk, by=officer, students=students)
        self.change(campus, at, ENROLMENT, campus.enrolment_id, "feedback_accepted", "printing", by=officer)
        if dates.printed:
            self.tell(campus, dates.printed, "printrun.printed", RUN, pk, by=officer, students=students, pages=pages)
        if dates.shipped:
            self._ships(campus, pk, dates.shipped)

    def _ships(self, campus: Campus, pk: int, shipped: dt.datetime) -> None:
        school, received, officer, clerk = campus.enrolment_id, campus.dates.received, campus.officer, campus.reviewer
        self.shipment.add(
            pk, campus.school_id, campus.season_id, pk, "received" if received else "shipped", "顺丰速运", f"SF{pk:010d}", "",
            shipped.date(), received, clerk[1] if received else "",
        )  # fmt: skip
        self.change(campus, shipped, SHIPMENT, pk, "", "shipped", by=officer, run=pk)
        self.change(campus, shipped, ENROLMENT, school, "printing", "shipped", by=officer)
        if received:
            self.change(campus, received, SHIPMENT, pk, "shipped", "received", by=clerk)
            self.change(campus, received, ENROLMENT, school, "shipped", "received", by=clerk)


def tell_seasons(writer: Writer, seasons: list[Season], campuses: list[Campus]) -> None:
    """That the seasons were made, opened and closed."""
    for season in seasons:
        one = next(campus for campus in campuses if campus.season_id == season.pk)
        begun = min(campus.imported_at for campus in campuses if campus.season_id == season.pk) - dt.timedelta(days=30)
        moments = [
            ("season.created", "", "draft", begun),
            ("season.open", "draft", "open", begun + dt.timedelta(days=3)),
        ]
        if season.closed_on:
            moments.append(("season.closed", "open", "closed", _hour(season.closed_on, 17)))
        for kind, before, after, at in moments:
            facts: dict[str, Any] = {"demo": True} if kind == "season.created" else {}
            writer.events.append(
                (at, kind, "schools.season", season.pk, None, season.pk, *one.officer, before, after, facts, "web")
            )


def _hour(day: dt.date, hour: int) -> dt.datetime:
    """An hour here."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC) + dt.timedelta(hours=hour - 8)
