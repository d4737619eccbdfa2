"""The bulletin with its annexes: the figures of the season, the commended schools and persons."""

from year_end.documents import pages, word_files
from year_end.documents.tables import Table
from year_end.reports import Line, Report


def word(report: Report) -> bytes:
    return word_files.write(report.title, report.text, annexes(report), foot=source(report))


def pdf(report: Report) -> bytes:
    return pages.write(report.title, report.text, annexes(report), foot=source(report), author=report.center_name)


def source(report: Report) -> str:
    """The last line of every document: the day of the figures, and the hash of what they were computed from."""
    draft = "" if report.published_on else "草稿　"
    return f"{draft}数据截至{report.as_of:%Y年%-m月%-d日}　数据校验码 {report.sha256}"


def annexes(report: Report) -> list[Table]:
    totals = report.totals
    state = "已结束" if totals.is_over else "未结束（阶段性数据）"
    figures = Table(
        "附件1　采集工作统计",
        ("项目", "数据"),
        (
            ("数据截止日期", f"{report.as_of:%Y年%-m月%-d日}"),
            ("采集工作", state),
            ("参加单位", f"{totals.enrolled}个"),
            ("校对反馈表已接收的单位", f"{totals.finished}个"),
            ("仍在采集期内的单位", f"{totals.capturing}个"),
            ("尚未导入学生电子数据表的单位", f"{totals.without_roster}个"),
            (f"应采集{report.graduating_class}届毕业生", f"{totals.roster}人"),
            ("已采集", f"{totals.captured}人（{totals.percent}）"),
        ),
        widths=(90, 80),
    )
    found = [figures]
    units = tuple((str(n), line.name, line.area) for n, line in enumerate(_commended(report), 1))
    if units:
        found.append(Table("附件2　优秀组织单位", ("序号", "单位", "地区"), units, widths=(20, 100, 50)))
    persons = tuple((str(n), *person) for n, person in enumerate(report.persons, 1))
    if persons:
        number = 2 + bool(units)
        title = f"附件{number}　表扬个人"
        found.append(Table(title, ("序号", "姓名", "职务", "单位"), persons, widths=(20, 35, 45, 70)))
    return found


def _commended(report: Report) -> list[Line]:
    return [line for line in report.lines if line.is_commended]
