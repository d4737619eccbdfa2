"""The demo's bank statement: a few lines as they come, so that proposals and tray are not empty."""

import csv
import datetime as dt
import io

from django.utils import timezone

from billing.accounts import overview
from billing.accounts.references import reference_of
from billing.bank import statements
from billing.bank.columns import ICBC
from billing.models import BankStatement
from portal.background import jobs
from portal.models import User
from schools.models import Season

FILENAME = "工商银行账户明细（演示）.csv"
A_DAY = 20  # lines


def bring(season: Season, *, by: User, schools: int = 3, others: int = 0) -> None:
    """Read the demo's statement in, unless it has been. It is made from what schools owe at this moment.

    `schools`: how many of them pay in it. `others`: further lines that are no fees.
    """
    if BankStatement.objects.filter(filename=FILENAME).exists():
        return
    owing = [row for row in overview.by_school(season) if row.due_fen >= 2 * season.price_fen]
    lines: list[tuple[int, str, str]] = [
        (1234, "", "结息"),
        (-600, "", "对公汇款手续费"),
        (1500, "王建国", "毕业照采集费"),
    ]
    for at, row in enumerate(owing[:schools]):
        school, part = row.enrolment.school, row.due_fen // season.price_fen // 2 * season.price_fen
        code = reference_of(season.year, school.code)
        lines += [
            (part, f"{school.name}（财务处）", f"采集费 {code}"),
            (season.price_fen * (at + 1), "江北教育发展有限公司", code[:-1] + str((int(code[-1]) + 1) % 10)),
        ]
    lines += [(10_000 + at, "晨光印务有限公司", f"货款 {at}") for at in range(others)]
    statement = statements.upload(content=_file(lines), filename=FILENAME, by=by)
    assert statement.job is not None
    jobs.run(statement.job.pk)


def _file(lines: list[tuple[int, str, str]]) -> bytes:
    """(amount in fen, payer, remark), a line each day until today, as ICBC exports them."""
    text, balance = io.StringIO(), 52_000_00
    writer = csv.writer(text)
    writer.writerow(["中国工商银行 账户明细 账号：4301000000000000000 币种：人民币"])
    writer.writerow(ICBC)
    first = timezone.localdate() - dt.timedelta(days=len(lines) // A_DAY + 1)
    for at, (amount, payer, remark) in enumerate(lines):
        balance += amount
        moment = f"{first + dt.timedelta(days=at // A_DAY):%Y-%m-%d} 10:{at % A_DAY:02d}:00"
        paid, received = (f"{-amount / 100:.2f}", "") if amount < 0 else ("", f"{amount / 100:.2f}")
        way = "借" if amount < 0 else "贷"
        writer.writerow(
            [
                f"D{at:08d}",
                "4301000000000000000",
                "",
                moment,
                way,
                paid,
                received,
                "",
                "转账",
                remark,
                payer,
                f"{balance / 100:.2f}",
                "",
            ]
        )
    return text.getvalue().encode("gb18030")
