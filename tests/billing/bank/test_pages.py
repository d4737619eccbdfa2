"""The center's pages of bank statements, as an accountant walks them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from billing.accounts.references import reference_of
from billing.models import Allocation, BankLine, BankStatement, LedgerEntry, PayerName
from portal.background import jobs
from portal.models import Role
from tests import factories
from tests.billing.bank.test_reading import csv_file, row
from tests.conftest import client_of
from tests.support.addresses import dated

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(accountant):
    return client_of(accountant)


@pytest.fixture
def content(season, lake, river):
    return csv_file(
        row("B001", "2022-11-18 10:00:01", 45, 1045, "湖畔大学财务处", "采集费"),
        row("B002", "2022-11-18 11:20:00", 30, 1075, "国库支付中心", reference_of(season.year, "10002")),
        row("B003", "2022-11-21 09:00:00", 75, 1150, "远山教育集团", "转账"),
        row("B004", "2022-11-21 10:00:00", 15, 1165, "王建国", "采集费"),
        row("B005", "2022-11-22 10:00:00", -1, 1164, "", "对公汇款手续费"),
    )


def upload(client, content, name="icbc.csv"):
    """The page of the file after its job."""
    answer = client.post(reverse("billing:bank"), {"file": SimpleUploadedFile(name, content)}, follow=True)
    jobs.run(BankStatement.objects.first().job_id)
    return client.get(answer.redirect_chain[-1][0], follow=True)


def text(answer):
    return answer.content.decode()


def line(serial):
    return BankLine.objects.get(serial=serial)


def test_from_the_file_to_the_entry_and_back_to_the_line(client, content, season, lake):
    page = text(upload(client, content))
    assert all(word in page for word in ("icbc.csv", "1,000.00", "1,164.00", "湖畔大学", "远山教育集团"))
    picks = [line("B001").pk, line("B002").pk]
    shown = client.get(reverse("billing:bank_confirm"), {"pick": picks})
    assert "45.00" in text(shown)
    done = client.post(reverse("billing:bank_confirm"), {"pick": picks, "mark": shown.context["mark"]}, follow=True)
    assert "已入账 2 笔" in text(done)
    entry = LedgerEntry.objects.get(bank_line=line("B001"))
    account = client.get(reverse("billing:center_school_fees", args=[factories.enrolment_of(lake, season).pk]))
    assert reverse("billing:bank_line", args=[line("B001").pk]) in text(account)
    back = client.get(reverse("billing:bank_line", args=[entry.bank_line_id]))
    assert "B001" in text(back)
    assert reverse("billing:bank_statement", args=[line("B001").statement_id]) in text(back)


def test_the_tray_has_what_nobody_is_sure_of(client, content):
    upload(client, content)
    page = client.get(reverse("billing:bank_lines"), {"state": "open"})
    assert [each.serial for each in page.context["lines"]] == ["B003"]
    counts = {choice.value: choice.count for choice in page.context["listed"].chips("state")}
    assert counts == {"open": 1, "proposed": 2, "second": 0, "booked": 0, "refused": 1, "aside": 1}


@pytest.mark.parametrize(
    ("words", "serials"), [("远山", ["B003"]), ("75.00", ["B003"]), ("b001", ["B001"]), ("-1", ["B005"])]
)
def test_lines_are_found_by_name_amount_and_number(client, content, words, serials):
    upload(client, content)
    page = client.get(reverse("billing:bank_lines"), {"q": words})
    assert [each.serial for each in page.context["lines"]] == serials


def test_a_line_is_assigned_by_hand_in_parts_and_dropped(client, content, season, lake, river):
    upload(client, content)
    pk = line("B003").pk
    for school, amount in ((lake, "45.00"), (river, "30")):
        part = {"enrolment": factories.enrolment_of(school, season).pk, "amount_fen": amount}
        client.post(reverse("billing:bank_part", args=[pk]), part)
    assert sorted(Allocation.objects.filter(line=pk).values_list("amount_fen", flat=True)) == [3000, 4500]
    for part in Allocation.objects.filter(line=pk):
        client.post(reverse("billing:bank_part_drop", args=[pk, part.pk]))
    assert set(Allocation.objects.filter(line=pk).values_list("status", flat=True)) == {"dropped"}


def test_a_persons_payment_is_refused_with_the_words_of_the_notice(client, content):
    upload(client, content)
    page = text(client.get(reverse("billing:bank_line", args=[line("B004").pk])))
    assert "王建国" in page
    assert "不得将款项交予个人" in page


def test_set_aside_and_taken_up(client, content):
    upload(client, content)
    pk = line("B003").pk
    client.post(reverse("billing:bank_aside", args=[pk]), {"reason": "other", "note": "rent"})
    assert line("B003").status == BankLine.Status.ASIDE
    client.post(reverse("billing:bank_take_up", args=[pk]), {"note": "no rent"})
    assert line("B003").status == BankLine.Status.OPEN


def test_columns_of_another_bank_are_assigned_on_a_page(client, lake):
    headings = ("Wann", "Wieviel", "Wer", "Wozu")
    content = csv_file(("2022/11/18", "+45.00", "湖畔大学", "采集费"), headings=headings, title=None)
    page = upload(client, content)
    assert "Wieviel" in text(page)
    address = reverse("billing:bank_columns", args=[BankStatement.objects.get().pk])
    client.post(address, {"row": 1, "column_0": "amount", "column_1": "date"})
    jobs.run(BankStatement.objects.get().job_id)
    assert "第 2 行" in text(client.get(address))
    assert BankLine.objects.count() == 0
    client.post(
        address, {"row": 1, "column_0": "date", "column_1": "amount", "column_2": "payer", "column_3": "remark"}
    )
    jobs.run(BankStatement.objects.get().job_id)
    assert BankLine.objects.get().payer == "湖畔大学"


def test_what_is_no_statement_is_told_and_dropped(client):
    page = upload(client, b"\x89PNG\r\n\x1a\n" + bytes(200), "picture.csv")
    statement = BankStatement.objects.get()
    assert (statement.status, statement.job.status) == ("dropped", "failed")
    assert statement.job.message in text(page)


def test_a_file_is_read_behind_a_bar_that_finance_and_the_auditor_see(client, content):
    answer = client.post(reverse("billing:bank"), {"file": SimpleUploadedFile("icbc.csv", content)}, follow=True)
    assert "<progress" in text(answer)
    assert not BankLine.objects.exists()
    address, polled = answer.redirect_chain[-1][0], {"HX-Request": "true", "HX-Target": "reading"}
    auditor = client_of(factories.person("auditor", Role.CENTER_AUDITOR))
    job = reverse("portal:job", args=[BankStatement.objects.get().job_id])
    for reader in (client, auditor):
        assert "<progress" in text(reader.get(address, headers=polled))
    # A job that somebody else of the same pages started: the settling of all schools polls it.
    assert client_of(factories.person("second", Role.CENTER_FINANCE)).get(job, headers=polled).status_code == 200
    jobs.run(BankStatement.objects.get().job_id)
    assert client.get(address, headers=polled)["HX-Redirect"] == address


def test_two_persons_for_a_large_amount(client, content, season):
    season.four_eyes_fen = 100
    season.save()
    upload(client, content)
    pick = {"pick": [line("B001").pk]}

    def confirm(who):
        mark = who.get(reverse("billing:bank_confirm"), pick).context["mark"]
        return who.post(reverse("billing:bank_confirm"), pick | {"mark": mark}, follow=True)

    assert "待第二人复核" in text(confirm(client))
    confirm(client)
    assert not LedgerEntry.objects.filter(kind="payment").exists()
    confirm(client_of(factories.person("chief", Role.CENTER_ADMIN)))
    assert LedgerEntry.objects.filter(kind="payment").count() == 1


def test_the_auditor_sees_and_changes_nothing(content, accountant, season, lake):
    upload(client_of(accountant), content)
    auditor = client_of(factories.person("auditor", Role.CENTER_AUDITOR))
    page = text(auditor.get(reverse("billing:bank_line", args=[line("B003").pk])))
    assert "远山教育集团" in page
    assert f'<form method="post" action="{dated("/center/fees/bank/")}' not in page
    part = {"enrolment": factories.enrolment_of(lake, season).pk, "amount_fen": "1"}
    assert auditor.post(reverse("billing:bank_part", args=[line("B003").pk]), part).status_code == 403
    assert auditor.get(reverse("billing:bank_confirm"), {"pick": [1]}).status_code == 403


def test_names_are_entered_and_forgotten(client, lake):
    client.post(reverse("billing:bank_names"), {"school": lake.pk, "label": "湖畔师范专科学校（财务处）"})
    name = PayerName.objects.get()
    assert name.name == "湖畔师范专科学校"
    client.post(reverse("billing:bank_name_forget", args=[name.pk]))
    assert not PayerName.objects.exists()


def test_more_lines_take_no_more_queries(client, content, django_assert_max_num_queries):
    upload(client, content)
    address = reverse("billing:bank_lines")
    client.get(address)
    with django_assert_max_num_queries(24):
        client.get(address)
