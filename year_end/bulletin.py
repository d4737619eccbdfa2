"""The bulletin (通报): drafted from the stored figures of the ranking, edited by the center, published with its documents."""

import datetime as dt
import hashlib

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import files, history, notifications
from portal.errors import Conflict, PortalError
from portal.models import User
from schools.models import Enrolment, Season
from year_end import documents, reports
from year_end.figures import Totals, totals_in
from year_end.models import Award, Bulletin, Ranking, YearEndDocument
from year_end.ranking import awards_by_rank, ranking_of, refuse_published


def draft_title(season: Season) -> str:
    return f"关于{season.year}年高校毕业生图像信息采集工作情况的通报"


def draft_text(ranking: Ranking, awards: list[Award]) -> str:
    """A draft from the figures of the ranking, for the center to edit.

    In Chinese only, as an official document.
    """
    season = ranking.snapshot["season"]
    parts = ["各有关高校、研究生培养单位：", _opening(ranking)]
    sections = []
    praised = [award for award in awards if award.is_commended]
    if praised:
        names = "、".join(award.school.name for award in praised)
        sections.append(f"以下单位组织有力、成绩突出，评为{season['year']}年度图像采集优秀组织单位：{names}。")
    people = "、".join(_person(person, award) for award in awards for person in award.persons)
    if people:
        sections.append(f"对下列个人予以表扬：{people}。")
    named = "、".join(award.school.name for award in awards if award.is_criticised)
    if named:
        sections.append(f"以下单位组织工作存在不足，请认真整改，确保毕业生学历电子注册：{named}。")
    parts += [f"{number}、{text}" for number, text in zip("一二三", sections, strict=False)]
    parts.append("希望各单位再接再厉，继续做好图像采集组织工作。")
    day = dt.date.fromisoformat(ranking.snapshot["as_of"])
    parts.append(f"{season['center_name']}\n{day:%Y年%-m月%-d日}")
    return "\n\n".join(parts)


def _person(person: dict[str, str], award: Award) -> str:
    post = f"，{person['post']}" if person["post"] else ""
    return f"{person['name']}（{award.school.name}{post}）"


def _opening(ranking: Ranking) -> str:
    """The numbers of every enrolled school, with their day; an unfinished season says what is missing."""
    season, totals = ranking.snapshot["season"], totals_in(ranking.snapshot)
    day = dt.date.fromisoformat(ranking.snapshot["as_of"])
    state = "已经结束" if totals.is_over else "尚未结束"
    text = (
        f"{season['year']}年我省高校毕业生图像信息采集工作{state}。截至{day:%Y年%-m月%-d日}，共{totals.enrolled}个单位参加，"
        f"应采集{season['graduating_class']}届毕业生{totals.roster}人，已采集{totals.captured}人，"
        f"占应采集人数的{totals.percent}。"
    )
    return text + _unfinished(totals) + "现将有关情况通报如下："


def _unfinished(totals: Totals) -> str:
    if totals.is_over:
        return ""
    notes = [f"{totals.finished}个单位已提交校对反馈表并经中心接收，{totals.enrolled - totals.finished}个单位尚未完成"]
    if totals.capturing:
        notes.append(f"{totals.capturing}个单位仍在采集期内，未参加排名")
    if totals.without_roster:
        notes.append(f"{totals.without_roster}个单位尚未导入学生电子数据表")
    return f"其中：{'；'.join(notes)}。以下为阶段性情况，以最终数据为准。"


def save_bulletin(season: Season, *, title: str, text: str, by: User, sha256: str | None = None) -> Bulletin:
    """Save the draft. `sha256`: of the ranking that was read beside it, the present one if left out."""
    with transaction.atomic():
        refuse_published(season)
        ranking = ranking_of(season)
        if sha256 is None:
            sha256 = ranking.sha256 if ranking else ""
        draft = {"title": title, "text": text, "sha256": sha256}
        bulletin, _created = Bulletin.objects.update_or_create(season=season, defaults=draft)
        history.record("bulletin.saved", bulletin, by=by, facts={"sha256": sha256})
    return bulletin


def publish(bulletin: Bulletin, *, by: User) -> Bulletin:
    """Publish the bulletin to every school of the season, and keep its documents as they are.

    Bulletin and ranking cannot be changed after that. Raises Conflict when the schools have been ranked again since the
    draft was saved: its numbers may be others.
    """
    now = timezone.now()
    report = _report_of(bulletin, at=now)
    with files.writing() as write:  # before the lock
        written = _written(report, bulletin.season, write)
        with transaction.atomic():
            Season.objects.select_for_update(no_key=True).get(pk=bulletin.season_id)
            if _report_of(bulletin, at=now) != report:
                raise Conflict(_("The bulletin was changed at this moment. Read it again, then publish it."))
            Bulletin.objects.filter(pk=bulletin.pk).update(published_at=now, published_by=by)
            for row in written:
                row.save()
            history.record("bulletin.published", bulletin, by=by, facts={"sha256": report.sha256})
            _notify_schools(bulletin)
    bulletin.refresh_from_db()
    return bulletin


def _report_of(bulletin: Bulletin, *, at: dt.datetime) -> reports.Report:
    """What the documents say if it is published at this moment. Raises PortalError where it cannot be."""
    row = Bulletin.objects.select_related("season").get(pk=bulletin.pk)
    ranking = ranking_of(row.season)
    if ranking is None:
        raise PortalError(_("Rank the schools first: the bulletin reports their figures."))
    if row.published_at:
        raise PortalError(_("The bulletin has been published already."))
    if row.sha256 != ranking.sha256:
        raise Conflict(
            _("The schools were ranked again after this draft was saved. Compare its numbers and save it once more.")
        )
    row.published_at = at
    return reports.of(ranking, list(awards_by_rank(row.season)), row)


def _written(report: reports.Report, season: Season, write: files.Writer) -> list[YearEndDocument]:
    """The documents, not saved yet."""
    rows = []
    for name, document in documents.DOCUMENTS.items():
        content = document.make(report)
        row = YearEndDocument(season=season, name=name, sha256=hashlib.sha256(content).hexdigest())
        for field, value in write.store(row, {"file": content}, filename=name).items():
            setattr(row, field, value)
        rows.append(row)
    return rows


def _notify_schools(bulletin: Bulletin) -> None:
    enrolled = Enrolment.objects.filter(season=bulletin.season_id).values_list("school_id", flat=True)
    title = {"title": bulletin.title}
    notifications.notify_schools(enrolled, kind="bulletin.published", season=bulletin.season, parameters=title)
