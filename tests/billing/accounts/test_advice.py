import datetime as dt

import cv2
import pytest
from django.utils import timezone

from billing.accounts import advice, fee_accounts, ledger
from billing.accounts.capitals import in_capitals
from portal.errors import PortalError
from portal.pdf.fonts import installed_fonts
from students.models import Student
from tests import factories
from tests.support.school_papers import rendered, text_of
from tests.support.words import said


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (50, "伍角"),
        (1005, "壹拾元零伍分"),
        (1500, "壹拾伍元整"),
        (168032, "壹仟陆佰捌拾元叁角贰分"),
        (1_005_000, "壹万零伍拾元整"),
        (10_700_053, "壹拾万零柒仟元伍角叁分"),
        (100_000_000, "壹佰万元整"),
        (2_000_000_500, "贰仟万零伍元整"),
        (10_000_000_100, "壹亿零壹元整"),
    ],
)
def test_amount_in_capitals(fen, words):
    assert in_capitals(fen) == words


@pytest.mark.parametrize("fen", [-1, 10**14])
def test_amounts_without_capitals_are_refused(fen):
    with pytest.raises(ValueError, match="no capitals"):
        in_capitals(fen)


@pytest.mark.django_db
def test_advice_asks_for_what_is_still_due(enrolment, scoped, season, center_admin):
    for _ in range(3):
        factories.student(scoped, season, stage=Student.Stage.APPROVED)
    fee_accounts.record_transfer(
        enrolment, by=center_admin, amount_fen=1000, booked_on=timezone.localdate(), reference="B-1"
    )
    letter = advice.advice_of(enrolment)
    assert (letter.charged_fen, letter.received_fen, letter.due_fen) == (4500, 1000, 3500)
    assert letter.reference == ledger.account_of(enrolment).reference
    assert letter.scanned.splitlines()[-2:] == ["金额：35.00元", f"附言：{letter.reference}"]
    fee_accounts.record_transfer(
        enrolment, by=center_admin, amount_fen=3500, booked_on=timezone.localdate(), reference="B-2"
    )
    with pytest.raises(PortalError, match=said("Nothing is due, so there is no payment advice.")):
        advice.of(enrolment)


LETTER = advice.Advice(
    center="示例省招生就业中心",
    school="湖滨大学",
    year=2026,
    graduating_class=2027,
    day=dt.date(2026, 10, 9),
    due_on=dt.date(2026, 11, 20),
    photographed=700,
    billed=670,
    price_fen=1500,
    charged_fen=1_005_000,
    received_fen=0,
    due_fen=1_005_000,
    reference="TC261000131",
    settled="TC261000131-1",
    account_name="示例省招生就业中心",
    bank="示例银行湖滨支行",
    account_no="6200 0000 0000 0000 000",
    bank_code="102301000000",
    contact="张三　025-00000000",
)


def test_letter_names_account_amount_code_and_day(tmp_path):
    path = advice.write(LETTER, tmp_path / "advice.pdf", fonts=installed_fonts("serif"))
    text = "".join(text_of(path).split())
    for words in (
        "湖滨大学：", "其中30人由学生本人交费或免交", "¥10,050.00", "人民币壹万零伍拾元整", "6200000000000000000",
        "TC261000131-1", "2026年11月20日前", "不得将款项交予中心工作人员或汇入其个人账户。",
    ):  # fmt: skip
        assert words in text
    page = rendered(path, dpi=150).astype("uint8")
    scanned, _corners, _code = cv2.QRCodeDetector().detectAndDecode(page)
    assert scanned == LETTER.scanned
