"""The table of work allowances (工作补贴), to be signed and paid."""

from portal.formatting import yuan
from year_end.documents import pages, word_files
from year_end.documents.bulletin_document import source
from year_end.documents.tables import Table
from year_end.reports import Report


def word(report: Report) -> bytes:
    return word_files.write(title(report), text(report), [table(report)], foot=source(report))


def pdf(report: Report) -> bytes:
    return pages.write(title(report), text(report), [table(report)], foot=source(report), author=report.center_name)


def title(report: Report) -> str:
    return f"{report.year}年高校毕业生图像信息采集工作补贴发放表"


def text(report: Report) -> str:
    rate = yuan(report.rules["allowance_fen"])
    return (
        f"标准：按实拍人数每人{rate}元；与标准不同的金额由中心核定。\n"
        f"合计：{len(report.lines)}个单位，{yuan(report.allowance_fen)}元。"
    )


def table(report: Report) -> Table:
    rows = [
        (str(n), line.code, line.name, str(line.captured), yuan(line.allowance_fen), "")
        for n, line in enumerate(sorted(report.lines, key=lambda line: line.code), 1)
    ]
    captured = sum(line.captured for line in report.lines)
    rows.append(("", "", "合计", str(captured), yuan(report.allowance_fen), ""))
    return Table(
        "",
        ("序号", "学校代码", "单位", "实拍人数", "补贴（元）", "签收"),
        tuple(rows),
        widths=(14, 24, 66, 22, 26, 18),
        numbers=(3, 4),
    )
