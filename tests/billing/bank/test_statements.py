"""Taking files of the bank: each line once, matched at once."""

import pytest

from billing.accounts import fee_accounts
from billing.accounts.references import reference_of
from billing.bank import statements
from billing.bank.columns import Assignment
from billing.models import Allocation, BankHeadings, BankLine, BankStatement
from portal.background import jobs
from portal.errors import PortalError
from portal.models import Event
from tests import factories
from tests.billing.bank.conftest import read_in
from tests.billing.bank.test_reading import HEADINGS, csv_file, row, xlsx_file
from tests.support.concurrency import at_once
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(season, lake, river):
    code = reference_of(season.year, "10002")
    return [
        row("B001", "2022-11-18 10:00:01", 45, 1045, "湖畔大学财务处", "采集费"),
        row("B002", "2022-11-18 11:20:00", 15, 1060, "江畔学院", code),
        row("B003", "2022-11-19 09:00:00", 15, 1075, "王建国", code),
        row("B004", "2022-11-20 09:00:00", 1.5, 1076.5, "", "结息"),
        row("B005", "2022-11-21 09:00:00", 33, 1109.5, "晨光印务有限公司", "货款"),
    ]


def upload(content, by, name="icbc.csv"):
    return read_in(content=content, filename=name, by=by)


def test_lines_are_taken_and_matched(rows, lake, river, accountant):
    statement = upload(csv_file(*rows), accountant)
    assert (statement.status, statement.account_no) == (BankStatement.Status.TAKEN, "4301021109000123456")
    assert (statement.opening_fen, statement.closing_fen, statement.report["difference_fen"]) == (100_000, 110_950, 0)
    proposed = Allocation.objects.values_list("line__serial", "account__school", "amount_fen", "how")
    assert set(proposed) == {("B001", lake.pk, 4500, "name"), ("B002", river.pk, 1500, "reference")}
    lines = {line.serial: line for line in BankLine.objects.all()}
    assert (lines["B003"].status, lines["B003"].reason) == (BankLine.Status.REFUSED, BankLine.Reason.PERSON)
    assert (lines["B004"].status, lines["B004"].reason) == (BankLine.Status.ASIDE, BankLine.Reason.INTEREST)
    assert (lines["B005"].status, lines["B005"].doubt) == (BankLine.Status.OPEN, "unknown")
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"bankstatement.uploaded", "bankstatement.taken", "allocation.proposed", "bankline.refused"} <= kinds


def test_the_same_file_is_refused(rows, accountant):
    upload(csv_file(*rows), accountant)
    with pytest.raises(PortalError, match=said("This file was uploaded on %(day)s already, as “%(name)s”.")):
        upload(csv_file(*rows), accountant, "again.csv")


@pytest.mark.django_db(transaction=True)
def test_the_same_file_uploaded_at_the_same_moment_is_there_once(accountant):
    content = csv_file(row("B001", "2022-11-18 10:00:01", 45, 1045, "湖畔大学财务处", "采集费"))

    def store(content, name):
        return statements.upload(content=content, filename=name, by=accountant)

    results = at_once(lambda: store(content, "icbc.csv"), lambda: store(content, "again.csv"))
    assert sorted(type(result).__name__ for result in results) == ["BankStatement", "PortalError"]
    assert BankStatement.objects.count() == 1


def test_an_overlapping_period_brings_only_what_is_new(rows, accountant):
    first = upload(csv_file(*rows[:3]), accountant)
    second = upload(xlsx_file(*rows[1:]), accountant, "later.xlsx")
    assert BankLine.objects.count() == 5
    assert (second.report["new"], second.report["known_count"]) == (2, 2)
    serials = dict(BankLine.objects.values_list("pk", "serial"))
    assert [(number, serials[pk], of) for number, pk, of in second.report["known"]] == [
        (3, "B002", first.pk),
        (4, "B003", first.pk),
    ]


def test_a_wrong_cell_takes_nothing_and_is_told(rows, accountant):
    wrong = list(rows[1])
    wrong[6] = "fünfzehn"
    statement = upload(csv_file(rows[0], wrong), accountant)
    assert statement.status == BankStatement.Status.HEADINGS
    assert not BankLine.objects.exists()
    (problem,) = statement.report["problems"]
    assert "第 4 行" in problem
    assert HEADINGS[6] in problem


def test_assigned_columns_are_remembered_by_their_row(lake, accountant):
    headings = ("Wann", "Wieviel", "Wer", "Wozu")

    def content(day):
        return csv_file((f"2022/11/{day}", "+45.00", "湖畔大学", "采集费"), headings=headings, title=None)

    statement = upload(content(18), accountant)
    assert statement.status == BankStatement.Status.HEADINGS
    shown = statements.layout(statement)
    assert [(column.label, column.samples) for column in shown.columns[:2]] == [
        ("Wann", ["2022/11/18"]),
        ("Wieviel", ["+45.00"]),
    ]
    fields = {"wann": "date", "wieviel": "amount", "wer": "payer", "wozu": "remark"}
    statements.assign(statement, assignment=Assignment(fields, shown.sheet, shown.row), by=accountant)
    jobs.run(statement.job_id)
    statement.refresh_from_db()
    assert statement.status == BankStatement.Status.TAKEN
    assert BankHeadings.objects.get().fields == fields
    assert upload(content(19), accountant).status == BankStatement.Status.TAKEN


def test_columns_that_do_not_fit_change_nothing(lake, accountant):
    content = csv_file(("2022/11/18", "+45.00", "湖畔大学"), headings=("Wann", "Wieviel", "Wer"), title=None)
    statement = upload(content, accountant)
    assignment = Assignment({"wann": "amount", "wieviel": "date"}, "CSV", 1)
    statements.assign(statement, assignment=assignment, by=accountant)
    jobs.run(statement.job_id)
    statement.refresh_from_db()
    assert statement.status == BankStatement.Status.HEADINGS
    assert statement.report["problems"]
    assert not BankHeadings.objects.exists()


def test_a_job_that_lost_its_worker_after_the_lines_were_taken_matches_them(rows, accountant, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(statements, "_match", lambda statement: 1 / 0)
        statement = upload(csv_file(*rows), accountant)
    assert (statement.status, statement.job.status) == (BankStatement.Status.TAKEN, "failed")
    assert not Allocation.objects.exists()
    jobs.retry(statement.job, by=accountant)
    jobs.run(statement.job_id)
    assert Allocation.objects.count() == 2
    assert BankLine.objects.count() == 5


def test_a_dropped_file_is_gone_and_may_come_again(lake, accountant, django_capture_on_commit_callbacks):
    content = csv_file(("x", "y", "z"), headings=("Wann", "Wieviel", "Wer"), title=None)
    statement = upload(content, accountant)
    with django_capture_on_commit_callbacks(execute=True):
        statements.drop(statement, by=accountant)
    assert not statement.file.storage.exists(statement.file.name)
    assert upload(content, accountant).pk != statement.pk


def test_the_stored_file_is_sealed(rows, accountant):
    content = csv_file(*rows)
    statement = upload(content, accountant)
    with statement.file.open("rb") as file:
        assert "湖畔大学".encode("gb18030") not in file.read()
    assert statements.content_of(statement) == content


def test_a_transfer_that_was_typed_before_is_set_aside(rows, season, lake, accountant):
    enrolment = factories.enrolment_of(lake, season)
    transfer = {"amount_fen": 4500, "booked_on": season.payment_due.replace(year=2022), "reference": "B001"}
    entry = fee_accounts.record_transfer(enrolment, by=accountant, **transfer)
    upload(csv_file(*rows[:2]), accountant)
    assert BankLine.objects.get(serial="B001").reason == BankLine.Reason.BY_HAND
    fee_accounts.reverse_transfer(entry, reason="wrong day", by=accountant)
    upload(csv_file(row("B001", "2022-11-17", 45, 1045, "湖畔大学")), accountant)
    assert BankLine.objects.filter(serial="B001", status=BankLine.Status.OPEN).count() == 1
