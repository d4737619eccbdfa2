"""A provider's bill against the books, line by line."""

import datetime as dt
import io
from unittest.mock import Mock

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from billing.accounts import ledger
from billing.books import reconciliation
from billing.models import BankLine, BankStatement, BillLine, Difference, LedgerEntry, Order, Reconciliation
from billing.online import providers
from billing.online.providers import BillKind, BillRow, ProviderError
from billing.online.providers.simulator import Simulator
from billing.tasks import reconcile
from portal import history
from portal.background import jobs
from portal.errors import PortalError
from portal.models import Event, Job, Notification, Role
from portal.tenancy import system_scope
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

pytestmark = pytest.mark.django_db
What = Difference.What


class Merchant(Simulator):
    """A merchant whose bill the test writes."""

    rows: list[BillRow] | None = None  # None: not made yet

    def bill(self, day: dt.date) -> list[BillRow]:
        if self.rows is None:
            raise ProviderError("not made yet")
        return self.rows


@pytest.fixture
def merchant(monkeypatch):
    made = Merchant("simulator", {"provider": "simulator"})
    monkeypatch.setitem(providers.PROVIDERS, "simulator", made)
    return made


def paid(school, season, number: str, *, on: dt.date) -> Order:
    """An order whose payment was posted on a day."""
    order = Order.objects.create(
        number=number,
        school=school,
        season=season,
        student=factories.student(school, season),
        provider="simulator",
        merchant="simulator",
        amount_fen=1500,
        expires_at=timezone.now(),
    )
    account = ledger.account_of(factories.enrolment_of(school, season))
    values = {"school": school, "season": season, "account": account, "order": order, "provider": "simulator"}
    for kind, amount_fen, external_id in (("charge", 1500, f"charge:{number}"), ("payment", -1500, f"P{number}")):
        entry = LedgerEntry(kind=kind, amount_fen=amount_fen, external_id=external_id, posted_on=on, **values)
        entry.save()
        history.record(f"ledger.{kind}", entry, by=history.SYSTEM)
    Order.objects.filter(pk=order.pk).update(status=Order.Status.PAID, paid_at=timezone.now())
    return order


def row(number: str, *, kind=BillKind.PAYMENT, amount_fen=1500, fee_fen=9) -> BillRow:
    is_refund = kind == BillKind.REFUND
    at = timezone.now() - dt.timedelta(days=1)
    return BillRow(
        kind,
        number,
        f"{number}R1" if is_refund else "",
        f"{'R' if is_refund else 'P'}{number}",
        amount_fen,
        fee_fen,
        at,
    )


@pytest.fixture
def yesterday():
    return timezone.localdate() - dt.timedelta(days=1)


def differences(run) -> set[tuple[str, str, int | None, int | None]]:
    return set(run.differences.values_list("what", "order_number", "ours_fen", "theirs_fen"))


def test_lines_that_agree_are_matched_and_the_rest_is_named(merchant, school, season, yesterday):
    paid(school, season, "1", on=yesterday)
    paid(school, season, "2", on=yesterday)
    paid(school, season, "3", on=yesterday)
    merchant.rows = [row("1"), row("2", amount_fen=1400), row("9")]
    run = reconciliation.compare("simulator", yesterday)
    assert differences(run) == {
        (What.AMOUNT, "2", 1500, 1400),
        (What.MISSING_HERE, "9", None, 1500),
        (What.MISSING_THERE, "3", 1500, None),
    }
    assert (run.matched, run.payments, run.payments_fen, run.fee_fen, run.net_fen) == (1, 3, 4400, 27, 4373)
    assert BillLine.objects.get(order_number="1").entry.amount_fen == -1500


def test_finance_is_told_of_new_differences_once(merchant, yesterday, finance):
    factories.person("printing", Role.CENTER_PRINTING)
    merchant.rows = [row("9")]
    run = reconciliation.compare("simulator", yesterday)
    reconciliation.compare("simulator", yesterday)
    told = Notification.objects.get()
    parameters = {"merchant": "simulator", "day": yesterday.isoformat(), "n": 1}
    assert (told.kind, told.parameters) == ("fees.differences", parameters)
    assert told.link == reverse("billing:reconciliation", args=[run.pk])


def test_a_payment_at_midnight_is_posted_the_day_after_and_differs_on_neither(merchant, school, season, yesterday):
    paid(school, season, "1", on=yesterday)
    merchant.rows = [row("1")]
    before = reconciliation.compare("simulator", yesterday - dt.timedelta(days=1))
    merchant.rows = []
    after = reconciliation.compare("simulator", yesterday)
    assert differences(before) == differences(after) == set()
    assert before.matched == 1


def test_a_payment_that_another_transaction_paid_is_missing_here(merchant, school, season, yesterday):
    paid(school, season, "1", on=yesterday)
    twice = row("1")
    merchant.rows = [twice, BillRow(twice.kind, "1", "", "P-SECOND", 1500, 9, twice.at)]
    run = reconciliation.compare("simulator", yesterday)
    assert [(one.what, one.external_id) for one in run.differences.all()] == [(What.MISSING_HERE, "P-SECOND")]


def test_a_refund_on_its_way_differs_in_state_until_it_is_booked(merchant, school, season, yesterday, center_admin):
    order = paid(school, season, "1", on=yesterday)
    merchant.rows = [row("1"), row("1", kind=BillKind.REFUND)]
    Order.objects.filter(pk=order.pk).update(status=Order.Status.REFUNDING)
    run = reconciliation.compare("simulator", yesterday)
    assert differences(run) == {(What.STATE, "1", None, 1500)}
    ledger.post_refund(order, amount_fen=1500, external_id="R1", by=center_admin)
    assert differences(reconciliation.compare("simulator", yesterday)) == set()


def test_what_was_settled_stays_settled_when_the_day_is_compared_again(merchant, yesterday, center_admin):
    merchant.rows = [row("8"), row("9")]
    run = reconciliation.compare("simulator", yesterday)
    one = run.differences.get(order_number="9")
    with pytest.raises(PortalError, match=said("Say how the difference was settled.")):
        reconciliation.settle(one, reason=" ", by=center_admin)
    reconciliation.settle(one, reason="tried by the center itself", by=center_admin)
    assert Event.objects.get(kind="fees.difference_settled").facts["reason"] == "tried by the center itself"
    run = reconciliation.compare("simulator", yesterday)
    assert {(row.order_number, row.reason) for row in run.differences.all()} == {
        ("8", ""),
        ("9", "tried by the center itself"),
    }
    assert reconciliation.open_differences() == 1


def test_a_bill_that_is_late_is_asked_for_again(merchant, yesterday, outside):
    def run_again() -> None:
        reconcile()
        with system_scope():
            waiting = list(Job.objects.filter(status=Job.Status.QUEUED).values_list("pk", flat=True))
        for pk in waiting:
            jobs.run(pk)

    run_again()
    with system_scope():
        assert Reconciliation.objects.get().billed_at is None
        assert yesterday in {day for _merchant, day in reconciliation.due(timezone.localdate())}
    merchant.rows = []
    run_again()
    with system_scope():
        assert Reconciliation.objects.get().billed_at is not None
        assert list(reconciliation.due(timezone.localdate())) == []


def test_the_payout_is_found_on_the_bank_statement(merchant, school, season, yesterday):
    statement = BankStatement.objects.create(filename="x.xlsx", digest="x")
    values = {
        "statement": statement,
        "row": 1,
        "booked_on": yesterday + dt.timedelta(days=1),
        "payer": "财付通支付科技有限公司",
    }
    BankLine.objects.create(key="other", amount_fen=1490, **values)
    line = BankLine.objects.create(key="payout", amount_fen=1491, **values)
    paid(school, season, "1", on=yesterday)
    merchant.rows = [row("1")]
    assert reconciliation.compare("simulator", yesterday).payout == line
    merchant.rows = [row("1")]
    other_day = reconciliation.compare("simulator", yesterday - dt.timedelta(days=1))
    assert other_day.payout is None  # it is one day's


@pytest.mark.parametrize(
    ("lines", "paid"),
    [
        ([(6000, 1)], [False, True, True]),  # of days of 1000, 2000 and 4000
        ([(7000, 1)], [True, True, True]),
        ([(1000, -1), (6000, 1)], [True, True, True]),
        ([(5000, 1)], [False, False, False]),  # not beside each other
        ([(6000, 1), (6000, 2)], [False, False, False]),  # either line
        ([(6000, 9)], [False, False, False]),  # too late
    ],
)
def test_a_transfer_that_pays_days_together_is_found_when_it_is_the_only_one(
    merchant, school, season, yesterday, lines, paid
):
    statement = BankStatement.objects.create(filename="x.xlsx", digest="x")
    days = [yesterday - dt.timedelta(days=n) for n in (2, 1, 0)]
    for net_fen, day in zip((1000, 2000, 4000), days, strict=True):
        bill = {"billed_at": timezone.now(), "payments_fen": net_fen + 9, "fee_fen": 9}
        Reconciliation.objects.create(merchant="simulator", day=day, **bill)
    for number, (amount_fen, after) in enumerate(lines):
        BankLine.objects.create(
            statement=statement, row=1, key=str(number), amount_fen=amount_fen, payer="财付通支付科技有限公司",
            booked_on=yesterday + dt.timedelta(days=after),
        )  # fmt: skip
    reconciliation.match_payouts()
    assert [run.payout is not None for run in Reconciliation.objects.order_by("day")] == paid


def test_what_moved_at_the_provider_is_kept_with_the_day(merchant, school, season, yesterday, monkeypatch):
    paid(school, season, "1", on=yesterday)
    merchant.rows = [row("1")]
    run = reconciliation.compare("simulator", yesterday)
    assert (run.closing_fen, run.moved_fen, run.other_fen) == (1491, 1491, 0)
    monkeypatch.setattr(Merchant, "fund_flow", Mock(side_effect=ProviderError("not made yet")))
    assert reconciliation.compare("simulator", yesterday).closing_fen is None


def test_finance_compares_a_day_and_the_job_has_the_report(merchant, school, season, yesterday, finance):
    paid(school, season, "1", on=yesterday)
    merchant.rows = [row("1"), row("9")]
    asked = {"merchant": "simulator", "day": yesterday.isoformat()}
    to_job = finance.post(reverse("billing:reconcile"), asked).url
    jobs.run(Job.objects.get().pk)
    job = Job.objects.get()
    assert job.status == Job.Status.DONE, job.message
    assert finance.get(to_job).context["may_download"]
    seen = client_of(factories.person("another", Role.CENTER_FINANCE)).get(to_job)
    assert not seen.context["may_download"]
    with job.artefact.open() as file:
        rows = list(load_workbook(io.BytesIO(file.read())).active.iter_rows(values_only=True))
    assert [(line[2], line[4], line[5]) for line in rows[1:]] == [("9", None, 15), ("1", 15, 15)]
    run = Reconciliation.objects.get()
    page = finance.get(reverse("billing:reconciliation", args=[run.pk])).content.decode()
    assert said("Missing here") in page
    finance.post(reverse("billing:settle_difference", args=[run.differences.get().pk]), {"reason": "a test"})
    assert reconciliation.open_differences() == 0


def test_today_is_not_over(merchant, center_admin):
    with pytest.raises(PortalError, match=said("A provider bills a day when it is over.")):
        reconciliation.start("simulator", timezone.localdate(), by=center_admin)


def test_the_auditor_sees_all_money_pages_and_changes_nothing(books, merchant, yesterday, auditor):
    merchant.rows = [row("9")]
    run = reconciliation.compare("simulator", yesterday)
    for name, args in (("center_fees", []), ("entries", []), ("day_book", []), ("reconciliation", [run.pk])):
        assert auditor.get(reverse(f"billing:{name}", args=args)).status_code == 200
    refused = [
        ("reconcile", [], {"merchant": "simulator", "day": yesterday.isoformat()}),
        ("settle_difference", [run.differences.get().pk], {"reason": "x"}),
        ("refund", [books.pk], {}),
    ]
    for name, args, data in refused:
        assert auditor.post(reverse(f"billing:{name}", args=args), data).status_code == 403
    assert (reconciliation.open_differences(), Job.objects.count()) == (1, 0)


@pytest.mark.parametrize("name", ["reverse_entry", "resolve_payment", "repay_payment"])
def test_what_takes_money_out_of_the_books_asks_for_the_password_again(books, center_admin, name, enrolment):
    client = client_of(center_admin, gave_password=False)
    args = [enrolment.pk, LedgerEntry.objects.get(reference="B-1").pk] if name == "reverse_entry" else [1]
    answer = client.post(reverse(f"billing:{name}", args=args), {"reason": "x"})
    assert "portal/password_again.html" in {template.name for template in answer.templates}
    assert not LedgerEntry.objects.filter(kind="reversal").exists()
