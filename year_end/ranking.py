"""The year's end (评选、补贴、通报): the ranking of the schools, the center's decisions, the bulletin.

A score has at most 100 points: coverage 40, first-pass rate 20, feedback form on time 15, fee on
time 15, portraits that were not reset 10. A school is proposed for commendation only when its
season is finished. In an unfinished season a figure that cannot be measured yet gives no points.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import FeeAccount
from capture.models import Photo
from portal import history, notifications
from portal.errors import PortalError
from portal.models import Event, User
from portal.tenancy import school_scope
from proofing.models import Feedback
from schools.days import deadlines, opening_hours
from schools.models import Enrolment, School, Season, Window, WindowException
from students import progress
from students.models import Student
from year_end.models import Award, Bulletin

WEIGHTS = {"coverage": 40, "first_pass": 20, "feedback": 15, "fee": 15, "kept": 10}
# The share of its points that a form or a fee loses for each working day of delay.
LOSS_A_DAY = 0.05
# Used for the proposals. The center decides.
COMMENDED_SHARE, CRITICISED_BELOW = 0.2, 60
ALLOWANCE_FEN_A_STUDENT = 50


@dataclass(frozen=True)
class Figures:
    """The figures of one school's season.

    Shares are 0 to 1, None when there is nothing to measure yet.
    """

    roster: int = 0
    captured: int = 0
    coverage: float | None = None
    first_pass: float | None = None
    feedback: float | None = None
    fee: float | None = None
    kept: float | None = None
    is_finished: bool = False

    @property
    def score(self) -> Decimal:
        """The points, 0 to 100.

        Of a finished school `measured`; otherwise a figure that is None gives no points.
        """
        return self.measured if self.is_finished else self._points(WEIGHTS)

    @property
    def measured(self) -> Decimal:
        """The points, 0 to 100, over the figures that are not None: a future deadline costs no points."""
        return self._points({name: weight for name, weight in WEIGHTS.items() if getattr(self, name) is not None})

    def _points(self, weights: dict[str, int]) -> Decimal:
        points = sum(weight * (getattr(self, name) or 0) for name, weight in weights.items())
        return Decimal(str(round(100 * points / (sum(weights.values()) or 1), 2)))


def school_figures(season: Season, *, today: dt.date | None = None) -> dict[int, Figures]:
    """The figures by school id, of every school whose capture is over.

    A fixed number of queries.
    """
    today = today or timezone.localdate()
    enrolments = _enrolments_to_rank(season, today)
    roster = _count_students(season)
    passed = _first_pass_rates(season)
    sent = dict(Feedback.objects.filter(season=season).exclude(sent_at=None).values_list("school_id", "sent_at"))
    settled = dict(FeeAccount.objects.filter(season=season).values_list("school_id", "settled_at"))
    resets = dict(
        Event.objects.filter(season=season, kind="photo.reset")
        .values_list("school_id")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return {e.school_id: _figures(e, roster, passed, sent.get(e.school_id), settled, resets, today) for e in enrolments}


def _enrolments_to_rank(season: Season, today: dt.date) -> list[Enrolment]:
    """The enrolments of the schools that have ended their capture or whose last day has passed."""
    rows = Enrolment.objects.filter(season=season).select_related("season", "school")
    windows, granted = defaultdict(list), defaultdict(list)
    for window in Window.objects.filter(season=season):
        windows[window.area_id].append(window)
    for exception in WindowException.objects.filter(season=season):
        granted[exception.school_id].append(exception)
    return [row for row in rows if _has_ended(row, windows[row.school.area_id], granted[row.school_id], today)]


def _has_ended(row: Enrolment, windows: list[Window], granted: list[WindowException], today: dt.date) -> bool:
    last = opening_hours.last_regular_day(opening_hours.merge_periods(row.season, windows, granted))
    return row.capture_ended_on is not None or last is None or last < today


def _count_students(season: Season) -> dict[int, dict[str, int]]:
    """By school id: students on the roster, photographed, and photographed who paid online."""
    rosters: dict[int, dict[str, int]] = defaultdict(lambda: {"roster": 0, "captured": 0, "paid": 0})
    for school_id, stage, fee_state, number in progress.count_students(season):
        row, captured = rosters[school_id], number * (stage in Student.CAPTURED)
        row["roster"] += number
        row["captured"] += captured
        row["paid"] += captured * (fee_state == Student.FeeState.PAID)
    return rosters


def _first_pass_rates(season: Season) -> dict[int, float]:
    """By school id: the share of students whose first photo was neither rejected nor returned."""
    first = Photo.objects.filter(season=season).order_by("student_id", "id").distinct("student_id").values("pk")
    bad = (Photo.Status.REJECTED, Photo.Status.RETURNED)
    rows = (
        Photo.objects.filter(pk__in=first)
        .values_list("school_id")
        .annotate(n=Count("pk"), good=Count("pk", filter=~Q(status__in=bad)))
        .order_by()
    )
    return {school: good / n for school, n, good in rows}


def _figures(
    enrolment: Enrolment,
    rosters: dict[int, dict[str, int]],
    passed: dict[int, float],
    sent_at: dt.datetime | None,
    settled: dict[int, dt.datetime | None],
    resets: dict[int, int],
    today: dt.date,
) -> Figures:
    row = rosters.get(enrolment.school_id)
    is_finished = enrolment.status in Enrolment.FINISHED
    if row is None:
        return Figures(is_finished=is_finished)
    captured = row["captured"]
    return Figures(
        roster=row["roster"],
        captured=captured,
        coverage=captured / row["roster"],
        first_pass=passed.get(enrolment.school_id),
        feedback=_timeliness(sent_at, enrolment.proof_due_on, today),
        fee=_fee_share(enrolment, row, settled.get(enrolment.school_id), today),
        kept=max(0.0, 1 - resets.get(enrolment.school_id, 0) / captured) if captured else None,
        is_finished=is_finished,
    )


def _timeliness(done_at: dt.datetime | None, due: dt.date | None, today: dt.date) -> float | None:
    """1 when done on time, LOSS_A_DAY less for each working day of delay, at least 0.

    None when there is no deadline, or when it is not done and the deadline has not passed.
    """
    if due is None or (done_at is None and today <= due):
        return None
    day = timezone.localdate(done_at) if done_at else today
    return max(0.0, 1 - LOSS_A_DAY * max(0, -deadlines.workdays_left(due, day)))


def _fee_share(
    enrolment: Enrolment, row: dict[str, int], settled_at: dt.datetime | None, today: dt.date
) -> float | None:
    if enrolment.payment_mode == Enrolment.PaymentMode.STUDENT:
        return row["paid"] / row["captured"] if row["captured"] else None
    return _timeliness(settled_at, enrolment.season.payment_due, today)


def rank(season: Season, *, by: User, today: dt.date | None = None) -> list[Award]:
    """Rank the schools by their figures.

    Decisions of the center are kept; proposals are made again.
    """
    with transaction.atomic():
        _refuse_published(season)
        found = {school: row for school, row in school_figures(season, today=today).items() if row.roster}
        order = _rank_order(found)
        Award.objects.filter(season=season).exclude(school__in=order).delete()
        decided = set(Event.objects.filter(season=season, kind="award.decided").values_list("object_id", flat=True))
        awards = [_save_award(season, school, n, found, decided) for n, school in enumerate(order, 1)]
        history.record("season.ranked", season, by=by, facts={"schools": len(awards)})
    return awards


def _rank_order(found: dict[int, Figures]) -> list[int]:
    """The school ids by rank: finished schools first; by score, photographed students, code."""
    codes = dict(School.objects.filter(pk__in=found).values_list("pk", "code"))
    return sorted(found, key=lambda s: (not found[s].is_finished, -found[s].score, -found[s].captured, codes[s]))


def _save_award(
    season: Season, school_id: int, rank: int, found: dict[int, Figures], decided: set[int | None]
) -> Award:
    row = found[school_id]
    fields: dict[str, Any] = {"rank": rank, "score": row.score, "figures": asdict(row)}
    award = Award.objects.filter(season=season, school=school_id).first()
    if award is None or award.pk not in decided:
        fields |= _proposal(row, rank, len(found))
    if award is None:
        return Award.objects.create(season=season, school_id=school_id, **fields)
    Award.objects.filter(pk=award.pk).update(**fields)
    award.refresh_from_db()
    return award


def _proposal(row: Figures, rank: int, schools: int) -> dict[str, Any]:
    return {
        "is_commended": row.is_finished and rank <= max(1, round(schools * COMMENDED_SHARE)),
        "is_criticised": row.measured < CRITICISED_BELOW,
        "allowance_fen": row.captured * ALLOWANCE_FEN_A_STUDENT,
    }


def decide_award(
    award: Award,
    *,
    is_commended: bool,
    is_criticised: bool,
    commended_person: str,
    allowance_fen: int,
    by: User,
) -> Award:
    """Save the center's decision about one school.

    Raises PortalError once the bulletin is published.
    """
    if is_commended and is_criticised:
        raise PortalError(_("A school cannot be commended and criticised at once."))
    fields = {
        "is_commended": is_commended,
        "is_criticised": is_criticised,
        "commended_person": commended_person.strip(),
        "allowance_fen": allowance_fen,
    }
    with transaction.atomic():
        _refuse_published(award.season)
        for name, value in fields.items():
            setattr(award, name, value)
        award.save(update_fields=list(fields))
        history.record("award.decided", award, by=by, facts=fields)
    return award


def _refuse_published(season: Season) -> None:
    if Bulletin.objects.filter(season=season).exclude(published_at=None).exists():
        raise PortalError(_("The bulletin has been published; the ranking stands."))


def bulletin_text(season: Season) -> str:
    """A draft of the bulletin from the ranking, for the center to edit.

    In Chinese only, as an official document.
    """
    awards = list(Award.objects.filter(season=season).select_related("school"))
    captured = sum(award.figures.get("captured", 0) for award in awards)
    roster = sum(award.figures.get("roster", 0) for award in awards)
    opening = (
        f"{season.year}年我省高校毕业生图像信息采集工作已经结束，共{len(awards)}个单位参加，"
        f"采集{season.graduating_class}届毕业生图像{captured}人，占应采集人数的{_percent(captured, roster)}。"
        "现将有关情况通报如下："
    )
    parts = ["各有关高校、研究生培养单位：", opening]
    praised = [award for award in awards if award.is_commended]
    if praised:
        names = "、".join(award.school.name for award in praised)
        parts.append(f"一、以下单位组织有力、成绩突出，评为{season.year}年度图像采集优秀组织单位：{names}。")
        people = "、".join(f"{a.commended_person}（{a.school.name}）" for a in praised if a.commended_person)
        parts.append(f"同时对下列个人予以表扬：{people}。" if people else "")
    named = [award for award in awards if award.is_criticised]
    if named:
        names = "、".join(award.school.name for award in named)
        number = "二" if praised else "一"
        parts.append(f"{number}、以下单位组织工作存在不足，请认真整改，确保毕业生学历电子注册：{names}。")
    parts.append("希望各单位再接再厉，继续做好图像采集组织工作。")
    parts.append(f"{season.center_name}\n{timezone.localdate():%Y年%-m月%-d日}")
    return "\n\n".join(part for part in parts if part)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "0%"


def save_bulletin(season: Season, *, title: str, text: str, by: User) -> Bulletin:
    with transaction.atomic():
        _refuse_published(season)
        bulletin, _created = Bulletin.objects.update_or_create(season=season, defaults={"title": title, "text": text})
        history.record("bulletin.saved", bulletin, by=by)
    return bulletin


def publish(bulletin: Bulletin, *, by: User) -> Bulletin:
    """Publish the bulletin to every school of the season.

    Bulletin and ranking cannot be changed after that.
    """
    with transaction.atomic():
        now = timezone.now()
        if not Bulletin.objects.filter(pk=bulletin.pk, published_at=None).update(published_at=now, published_by=by):
            raise PortalError(_("The bulletin has been published already."))
        bulletin.refresh_from_db()
        history.record("bulletin.published", bulletin, by=by)
        _notify_schools(bulletin)
    return bulletin


def _notify_schools(bulletin: Bulletin) -> None:
    for enrolment in Enrolment.objects.filter(season=bulletin.season_id).select_related("school"):
        with school_scope(enrolment.school):
            title = {"title": bulletin.title}
            notifications.notify_school(
                enrolment.school, season=enrolment.season, kind="bulletin.published", parameters=title
            )


def total_allowance_fen(season: Season) -> int:
    return sum(Award.objects.filter(season=season).values_list("allowance_fen", flat=True))


def awards_by_rank(season: Season) -> Any:
    return Award.objects.filter(season=season).select_related("school__area").order_by(F("rank"))
