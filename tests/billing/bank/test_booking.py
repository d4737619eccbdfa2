"""Booking bank lines: what it changes is shown, it happens once, large amounts need two persons."""

import threading

import pytest
from django.db import connection

from billing.accounts import fee_accounts, ledger, school_refunds
from billing.accounts.references import reference_of
from billing.bank import booking
from billing.books import proof
from billing.models import Allocation, BankLine, LedgerEntry, PayerName, SchoolRefund
from portal.errors import Conflict, PortalError
from portal.models import Role
from portal.tenancy import center_scope, system_scope
from tests import factories
from tests.billing.bank.conftest import read_in
from tests.billing.bank.test_reading import csv_file, row
from tests.support.database import by_owner
from tests.support.words import said

pytestmark = pytest.mark.django_db
Status = Allocation.Status


@pytest.fixture
def chief(db):
    return factories.person("chief", Role.CENTER_ADMIN)


@pytest.fixture
def taken(season, lake, river, accountant):
    """Five lines: of 湖畔大学 by name, of 江畔学院 by reference, of an unknown payer, and two that went out."""
    rows = [
        row("B001", "2022-11-18 10:00:01", 45, 1045, "湖畔大学财务处", "采集费"),
        row("B002", "2022-11-18 11:20:00", 30, 1075, "国库支付中心", reference_of(season.year, "10002")),
        row("B003", "2022-11-21 09:00:00", 75, 1150, "远山教育集团", "转账"),
        row("B004", "2022-11-22 09:00:00", -15, 1135, "江畔学院", "退款"),
    ]
    read_in(content=csv_file(*rows), filename="icbc.csv", by=accountant)
    return {line.serial: line for line in BankLine.objects.all()}


def proposal(line):
    return Allocation.objects.select_related("account__season", "account__school", "line").get(
        line=line, status__in=Allocation.LIVE
    )


def confirm(*rows, by, may_be_second=True):
    return booking.confirm(
        list(rows), mark=booking.seen(rows, booking.effects(rows)), by=by, may_be_second=may_be_second
    )


def due(school, season):
    statement = fee_accounts.statement(factories.enrolment_of(school, season))
    return statement.due_fen, statement.overpaid_fen


def test_confirming_books_and_the_effect_was_told(taken, lake, season, accountant):
    row = proposal(taken["B001"])
    (effect,) = booking.effects([row])
    assert (effect.due_before, effect.due_after, effect.overpaid_after) == (4500, 0, 0)
    assert confirm(row, by=accountant) == (1, 0)
    entry = LedgerEntry.objects.get(kind=LedgerEntry.Kind.PAYMENT)
    assert (entry.amount_fen, entry.bank_line, entry.reference) == (-4500, taken["B001"], "B001")
    assert due(lake, season) == (0, 0)
    assert Allocation.objects.get(line=taken["B001"]).entry == entry


def test_several_are_booked_at_once_or_none(taken, lake, river, season, accountant):
    rows = [proposal(taken["B001"]), proposal(taken["B002"])]
    mark = booking.seen(rows, booking.effects(rows))
    booking.drop(rows[1], by=accountant)
    with pytest.raises(booking.Changed):
        booking.confirm(rows, mark=mark, by=accountant, may_be_second=True)
    assert due(lake, season) == (4500, 0)


def test_an_account_that_changed_meanwhile_is_shown_again(taken, lake, season, accountant):
    row = proposal(taken["B001"])
    mark = booking.seen([row], booking.effects([row]))
    enrolment = factories.enrolment_of(lake, season)
    fee_accounts.record_transfer(enrolment, by=accountant, amount_fen=100, booked_on=row.line.booked_on, reference="X")
    with pytest.raises(booking.Changed):
        booking.confirm([row], mark=mark, by=accountant, may_be_second=True)


def test_a_large_amount_needs_another_person(taken, season, lake, accountant, chief):
    season.four_eyes_fen = 4499
    season.save()
    assert confirm(proposal(taken["B001"]), by=accountant) == (0, 1)
    assert due(lake, season) == (4500, 0)
    with pytest.raises(PortalError, match="复核"):
        confirm(proposal(taken["B001"]), by=accountant)
    with pytest.raises(PortalError, match=said("Your role does not confirm amounts that need a second person.")):
        confirm(proposal(taken["B001"]), by=chief, may_be_second=False)
    assert confirm(proposal(taken["B001"]), by=chief) == (1, 0)
    assert due(lake, season) == (0, 0)


def test_parts_of_a_large_line_need_another_person_too(taken, season, lake, river, accountant):
    season.four_eyes_fen = 5000
    season.save()
    parts = [(factories.enrolment_of(lake, season), 4500), (factories.enrolment_of(river, season), 3000)]
    made = booking.split(taken["B003"], parts, by=accountant)
    assert all(map(booking.needs_second, booking.live(part.pk for part in made)))


def test_a_line_is_split_over_schools_and_never_exceeded(taken, season, lake, river, accountant):
    line = taken["B003"]
    booking.split(line, [(factories.enrolment_of(lake, season), 4500)], by=accountant)
    with pytest.raises(PortalError, match=said("Only %(rest)s yuan of this line are left.")):
        booking.split(line, [(factories.enrolment_of(river, season), 3001)], by=accountant)
    booking.split(line, [(factories.enrolment_of(river, season), 3000)], by=accountant)
    confirm(*booking.live(line.allocations.values_list("pk", flat=True)), by=accountant)
    assert BankLine.objects.with_sums().get(pk=line.pk).booked_fen == 7500


def test_overpayment_is_no_negative_debt(taken, season, lake, accountant):
    booking.split(taken["B003"], [(factories.enrolment_of(lake, season), 7500)], by=accountant)
    row = proposal(taken["B003"])
    (effect,) = booking.effects([row])
    assert (effect.due_after, effect.overpaid_after) == (0, 3000)
    confirm(row, by=accountant)
    assert due(lake, season) == (0, 3000)


def test_reversal_frees_the_line(taken, season, lake, river, accountant):
    confirm(proposal(taken["B001"]), by=accountant)
    entry = LedgerEntry.objects.get(kind=LedgerEntry.Kind.PAYMENT)
    fee_accounts.reverse_transfer(entry, reason="wrong school", by=accountant)
    assert booking.rest_fen(taken["B001"]) == 4500
    booking.split(taken["B001"], [(factories.enrolment_of(lake, season), 4500)], by=accountant)
    assert confirm(proposal(taken["B001"]), by=accountant) == (1, 0)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE billing_allocation SET amount_fen = amount_fen + 1 WHERE status = 'booked'", {"bank_line": 2}),
        ("UPDATE billing_allocation SET status = 'dropped' WHERE line_id = {B001}", {"bank_line": 1}),
        ("UPDATE billing_allocation SET entry_id = NULL WHERE line_id = {B001}", {"bank_line": 1}),
        ("UPDATE billing_allocation SET line_id = {B003} WHERE line_id = {B001}", {"bank_line": 1}),
        ("UPDATE billing_ledgerentry SET bank_line_id = {B003} WHERE kind = 'payment' AND bank_line_id = {B001}",
         {"bank_line": 1, "reversal": 1}),
        ("UPDATE billing_ledgerentry SET bank_line_id = NULL WHERE kind = 'reversal'", {"reversal": 1}),
    ],
)  # fmt: skip
def test_the_proof_finds_a_line_that_is_booked_otherwise_than_its_entries(taken, accountant, statement, found):
    confirm(proposal(taken["B001"]), proposal(taken["B002"]), by=accountant)
    entry = LedgerEntry.objects.get(bank_line=taken["B001"])
    fee_accounts.reverse_transfer(entry, reason="wrong school", by=accountant)
    with system_scope():
        assert proof.prove().faults == {}
        connection.check_constraints()
        by_owner("ALTER TABLE billing_ledgerentry DISABLE TRIGGER USER")
        by_owner("ALTER TABLE billing_ledgerentry NO FORCE ROW LEVEL SECURITY")
        by_owner("ALTER TABLE billing_allocation NO FORCE ROW LEVEL SECURITY")
        by_owner(statement.format(**{serial: line.pk for serial, line in taken.items()}))
        assert {name: number for name, (number, _ids) in proof.prove().faults.items()} == found


def test_a_confirmed_payer_is_known_the_next_time(taken, season, river, accountant):
    confirm(proposal(taken["B002"]), by=accountant)
    assert PayerName.objects.get().label == "国库支付中心"
    booking.split(taken["B003"], [(factories.enrolment_of(river, season), 100)], by=accountant)
    assert not PayerName.objects.filter(label="远山教育集团").exists()  # nothing is learned before it is booked


def test_a_payer_for_two_schools_is_not_learned(taken, season, lake, river, accountant):
    parts = [(factories.enrolment_of(lake, season), 4500), (factories.enrolment_of(river, season), 3000)]
    rows = booking.split(taken["B003"], parts, by=accountant)
    confirm(*booking.live(row.pk for row in rows), by=accountant)
    assert not PayerName.objects.exists()


def test_money_out_pays_an_approved_refund(season, lake, river, accountant, chief):
    enrolment = factories.enrolment_of(river, season)
    paid = {"amount_fen": 4500, "booked_on": season.payment_due.replace(year=2022), "reference": "B000"}
    fee_accounts.record_transfer(enrolment, by=accountant, **paid)
    account = {"bank_name": "Bank", "bank_account_no": "6200"}
    refund = school_refunds.ask(enrolment, amount_fen=1500, reason="twice", by=accountant, **account)
    school_refunds.approve(refund, by=chief)
    content = csv_file(row("B004", "2022-11-22 09:00:00", -15, 1135, "江畔学院", "退款"))
    read_in(content=content, filename="icbc.csv", by=accountant)
    proposed = proposal(BankLine.objects.get())
    again = csv_file(row("B005", "2022-11-22 09:05:00", -15, 1120, "江畔学院", "退款"))
    read_in(content=again, filename="icbc.csv", by=accountant)
    other = booking.take_up(BankLine.objects.get(serial="B005"), note="the refund too", by=accountant)
    with pytest.raises(Conflict):
        booking.pay_refund(other, refund, by=accountant)
    assert confirm(proposed, by=accountant) == (1, 0)
    refund.refresh_from_db()
    assert (refund.status, refund.entry.bank_line.serial) == (SchoolRefund.Status.PAID, "B004")
    assert BankLine.objects.with_sums().get(serial="B004").booked_fen == -1500
    assert due(river, season) == (0, 0)


def test_a_line_is_set_aside_and_taken_up_again(taken, accountant):
    line = taken["B003"]
    booking.set_aside(line, reason=BankLine.Reason.OTHER, note="rent", by=accountant)
    assert line not in BankLine.objects.unmatched()
    booking.take_up(line, note="it was the fee", by=accountant)
    assert line in BankLine.objects.unmatched()


def test_a_line_with_a_proposal_is_not_set_aside(taken, accountant):
    with pytest.raises(PortalError, match=said("Part of this line is booked or proposed. Take that back first.")):
        booking.set_aside(taken["B001"], reason=BankLine.Reason.OTHER, note="", by=accountant)


def test_foreign_money_is_booked_when_its_yuan_are_known(season, lake, accountant):
    headings = ("交易日期", "收入", "对方户名", "币种", "流水号")
    content = csv_file(("20221118", "7.00", "湖畔大学", "美元", "F1"), headings=headings, title=None)
    read_in(content=content, filename="usd.csv", by=accountant)
    line = BankLine.objects.get()
    assert (line.amount_fen, line.foreign_amount, line.doubt) == (0, 700, "foreign")
    booking.say_yuan(line, amount_fen=4987, by=accountant)
    booking.split(line, [(factories.enrolment_of(lake, season), 4500)], by=accountant)
    assert confirm(proposal(line), by=accountant) == (1, 0)
    with pytest.raises(PortalError):
        booking.say_yuan(line, amount_fen=1, by=accountant)


def test_open_lines_are_matched_again(taken, season, river, accountant):
    PayerName.objects.create(school=river, name="远山教育集团", label="远山教育集团")
    BankLine.objects.filter(pk=taken["B003"].pk).update(amount_fen=3000)
    booking.drop(proposal(taken["B002"]), by=accountant)
    assert booking.match_again([taken["B003"]], by=accountant) == 1
    assert proposal(taken["B003"]).how == Allocation.How.ALIAS


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_never_take_more_than_the_line(season, accountant, request):
    school = factories.school(season=season, code="10001", name="湖畔大学")
    rivals = [factories.school(season=season, code=f"1001{n}", name=f"Rival {n}") for n in range(2)]
    content = csv_file(row("B003", "2022-11-21 09:00:00", 75, 1150, "远山教育集团", "转账"))
    read_in(content=content, filename="icbc.csv", by=accountant)
    line, start, outcomes = BankLine.objects.get(), threading.Barrier(2), []

    def take(rival):
        try:
            with center_scope():
                account = ledger.account_of(factories.enrolment_of(rival, season))
                start.wait(20)
                ledger.post_transfer(
                    account, amount_fen=5000, booked_on=line.booked_on, reference="B003", by=accountant, bank_line=line
                )
                outcomes.append("booked")
        except PortalError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(rival,)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["booked", "refused"]
    assert school
