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

EVENTS = 40  # most numbers that one school takes in a season
SYSTEM = ("system", "system")


class Writer:
    """Makes the rows of one school after another; `copy` writes them."""

    def __init__(self, numbers: Numbers, pictures: Pictures) -> None:
        self.numbers, self.pictures = numbers, pictures
        self.event_numbers = itertools.count(numbers.first["schools"])
        self.entry_numbers = itertools.count(numbers.first["school_entries"])
        self.events: list[tuple[Any, ...]] = []
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
            Volume, "id", "school_id", "run_id", "number", "file", "students", "pages", "file_size", "sha256"
        )
        self.shipment = Table(
            Shipment, "id", "school_id", "season_id", "run_id", "status", "carrier", "tracking_no", "address", "shipped_on",
            "received_at", "received_by_name")  # fmt: skip
        self.volume_numbers = itertools.count(1)

    def copy(self) -> Counter[str]:
        for number, event in zip(self.event_numbers, sorted(self.events, key=lambda event: event[0]), strict=False):
            add_event(self.event, number, event)
        tables = [table for table in vars(self).values() if isinstance(table, Table)]
        return Counter({table.name: table.copy() for table in tables})

    def tell(self, campus: Campus, at: dt.datetime, kind: str, what: str, pk: int, /, *, by: tuple[str, str] = SYSTEM,
             before: str = "", after: str = "", **facts: Any) -> None:  # fmt: skip
        at = min(at, self.numbers.now)
        source = "task" if by == SYSTEM else "web"
        self.events.append((at, kind, what, pk, campus.school_id, campus.season_id, *by, before, after, facts, source))

    def add(self, campus: Campus, *, billed: int, portraits: int, volumes: dict[int, int]) -> None:
        """`volumes`: {number: students} of the school's run."""
        self._begin(campus)
        self._fees(campus, billed)
        self._proofreading(campus, portraits)
        if campus.run_id and volumes:
            self._prints(campus, volumes)

    def _begin(self, campus: Campus) -> None:
        enrolment, pk, at = "schools.enrolment", campus.import_no, campus.imported_at
        self.tell(
            campus,
            at - dt.timedelta(days=10),
            "enrolment.created",
            enrolment,
            campus.enrolment_id,
            by=campus.officer,
            after="preparing",
        )
        self.job.add(
            pk, "roster_write", "build", campus.school_id, campus.season_id, "done", json_text({"roster": pk}), json_text({}),
            campus.size, campus.size, at, at, at,
        )  # fmt: skip
        self.roster_import.add(pk, campus.school_id, campus.season_id, "done", pk, "", f"{campus.graduating_class}届毕业生.xlsx",
                               campus.size, at, campus.reviewer[1])  # fmt: skip
        self.tell(
            campus,
            at,
            "rosterimport.uploaded",
            "students.rosterimport",
            pk,
            by=campus.reviewer,
            after="reading",
            file=f"{campus.graduating_class}届毕业生.xlsx",
        )
        states = ("reading", "preview", "applying", "done")
        for before, after in itertools.pairwise(states):
            at += dt.timedelta(minutes=1)
            self.tell(campus, at, f"rosterimport.{after}", "students.rosterimport", pk, before=before, after=after)
        if campus.phase != "preparing":
            self.tell(
                campus,
                _hour(campus.starts_on, 8),
                "enrolment.capturing",
                enrolment,
                campus.enrolment_id,
                before="preparing",
                after="capturing",
            )
        if campus.phase in ("proofreading", "feedback"):
            self.tell(
                campus,
                _hour(campus.ends_on, 19),
                "enrolment.proofreading",
                enrolment,
                campus.enrolment_id,
                before="capturing",
                after="proofreading",
            )

    def _fees(self, campus: Campus, billed: int) -> None:
        """The charge, the settlement, and what the school has transferred: all, a half, or nothing yet."""
        if campus.students_pay or not billed:
            return
        fen = billed * campus.price_fen
        at = min(campus.dates.feedback or self.numbers.now, self.numbers.now)
        self._post(campus, at, "charge", fen, fen, f"charge:{campus.account_id}", "", campus.officer)
        paid = (
            fen
            if campus.is_settled
            else fen // campus.price_fen // 2 * campus.price_fen
            if campus.account_id % 3 == 0
            else 0
        )
        if paid and campus.dates.feedback:
            reference = f"B{campus.account_id:09d}"
            self._post(
                campus,
                campus.dates.accepted or at,
                "payment",
                -paid,
                fen - paid,
                f"transfer:{reference.lower()}",
                reference,
                campus.officer,
            )
        if campus.is_settled:
            self.tell(
                campus,
                campus.dates.accepted or at,
                "fees.settled",
                "billing.feeaccount",
                campus.account_id,
                by=campus.officer,
            )
        if campus.settlement_id:
            signed = campus.dates.accepted
            pk = campus.settlement_id
            facts: dict[str, Any] = {"amount_fen": fen, "number": 1}
            self.settlement.add(
                pk, campus.school_id, campus.account_id, 1, "signed" if signed else "proposed", at.date(), campus.price_fen,
                billed, fen, self.numbers.officer_id, at, campus.reviewer_id if signed else None, signed,
            )  # fmt: skip
            self.tell(
                campus,
                at,
                "settlement.proposed",
                "billing.settlement",
                pk,
                by=campus.officer,
                after="proposed",
                students=billed,
                **facts,
            )
            if signed:
                self.tell(
                    campus,
                    signed,
                    "settlement.signed",
                    "billing.settlement",
                    pk,
                    by=campus.reviewer,
                    before="proposed",
                    after="signed",
                    **facts,
                )

    def _post(
        self, campus: Campus, at: dt.datetime, kind: str, fen: int, balance: int, external: str, reference: str,
        by: tuple[str, str],
    ) -> None:  # fmt: skip
        pk, at = next(self.entry_numbers), min(at, self.numbers.now)
        day = (at + dt.timedelta(hours=8)).date()
        self.entry.add(pk, campus.school_id, campus.season_id, campus.account_id, kind, fen, balance, reference, "", external, at, day,
                       day if kind == "payment" else None, self.numbers.officer_id)  # fmt: skip
        self.tell(campus, at, f"ledger.{kind}", "billing.ledgerentry", pk, by=by, amount_fen=fen, reference=reference)

    def _proofreading(self, campus: Campus, portraits: int) -> None:
        dates, pk = campus.dates, campus.enrolment_id
        if not dates.feedback:
            return
        status = "accepted" if dates.accepted else "sent"
        name, size = self.pictures.form
        self.feedback.add(
            pk, campus.school_id, campus.season_id, pk, status, portraits, ("good", "good", "fair", "poor")[pk % 4],
            ("good", "fair")[pk % 2], campus.reviewer[1], "025-00000001", name, size, "image/jpeg", min(dates.feedback, self.numbers.now), dates.accepted,
        )  # fmt: skip
        form, enrolment = "proofing.feedback", "schools.enrolment"
        self.tell(
            campus,
            dates.feedback - dt.timedelta(hours=2),
            "feedback.made",
            form,
            pk,
            by=campus.reviewer,
            after="made",
            students=portraits,
        )
        self.tell(
            campus,
            dates.feedback,
            "feedback.sent",
            form,
            pk,
            by=campus.reviewer,
            before="made",
            after="sent",
            students=portraits,
        )
        self.tell(
            campus,
            dates.feedback,
            "enrolment.feedback_sent",
            enrolment,
            pk,
            by=campus.reviewer,
            before="proofreading",
            after="feedback_sent",
        )
        if dates.accepted:
            self.tell(
                campus,
                dates.accepted,
                "feedback.accepted",
                form,
                pk,
                by=campus.officer,
                before="sent",
                after="accepted",
            )
            self.tell(
                campus,
                dates.accepted,
                "enrolment.feedback_accepted",
                enrolment,
                pk,
                by=campus.officer,
                before="feedback_sent",
                after="feedback_accepted",
            )

    def _prints(self, campus: Campus, volumes: dict[int, int]) -> None:
        dates, pk, students = campus.dates, campus.run_id, sum(volumes.values())
        assert pk is not None
        assert dates.ordered is not None
        enrolment = "schools.enrolment"
        job, pages = self.numbers.first["print_jobs"] + pk, sum(-(-number // 7) for number in volumes.values())
        at = min(dates.ordered, self.numbers.now)
        self.job.add(job, "sheets", "build", campus.school_id, campus.season_id, "done", json_text({"run": pk}), json_text({}), students,
                     students, at, at, at)  # fmt: skip
        self.run.add(
            pk,
            campus.school_id,
            campus.season_id,
            campus.enrolment_id,
            job,
            students,
            pages,
            at,
            dates.printed,
            self.numbers.officer_id,
        )
        name, size = self.pictures.sheet
        for number, count in sorted(volumes.items()):
            self.volume.add(
                next(self.volume_numbers), campus.school_id, pk, number, name, count, -(-count // 7), size, ""
            )
        self.tell(campus, at, "printrun.created", "printing.printrun", pk, by=campus.officer, students=students)
        self.tell(
            campus,
            at,
            "enrolment.printing",
            enrolment,
            campus.enrolment_id,
            by=campus.officer,
            before="feedback_accepted",
            after="printing",
        )
        if dates.printed:
            self.tell(
                campus,
                dates.printed,
                "printrun.printed",
                "printing.printrun",
                pk,
                by=campus.officer,
                students=students,
                pages=pages,
            )
        if dates.shipped:
            received = dates.received
            self.shipment.add(
                pk, campus.school_id, campus.season_id, pk, "received" if received else "shipped", "顺丰速运", f"SF{pk:010d}",
                "", dates.shipped.date(), received, campus.reviewer[1] if received else "",
            )  # fmt: skip
            self.tell(
                campus,
                dates.shipped,
                "shipment.shipped",
                "printing.shipment",
                pk,
                by=campus.officer,
                after="shipped",
                run=pk,
            )
            self.tell(
                campus,
                dates.shipped,
                "enrolment.shipped",
                enrolment,
                campus.enrolment_id,
                by=campus.officer,
                before="printing",
                after="shipped",
            )
            if received:
                self.tell(
                    campus,
                    received,
                    "shipment.received",
                    "printing.shipment",
                    pk,
                    by=campus.reviewer,
                    before="shipped",
                    after="received",
                )
                self.tell(
                    campus,
                    received,
                    "enrolment.received",
                    enrolment,
                    campus.enrolment_id,
                    by=campus.reviewer,
                    before="shipped",
                    after="received",
                )


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
