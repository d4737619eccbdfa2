"""The ranking of the schools (评选、补贴) by the season's rules, and what the center decides about each school.

A school is proposed for commendation only when its season is finished. In an unfinished season a figure that cannot be
measured yet gives no points.
"""

import datetime as dt
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history
from portal.background import jobs
from portal.errors import Conflict, PortalError
from portal.models import Event, Job, User
from schools.models import School, Season
from year_end import scoring
from year_end.figures import Figures, figures_in, sha256_of, snapshot_of
from year_end.models import Award, Bulletin, Ranking, ScoringRules

KIND = "season_ranking"


def start(season: Season, *, by: User) -> Job:
    """Rank in the background: the figures of a whole province take more than a page may."""
    refuse_published(season)
    return jobs.create(KIND, by=by, season=season)


@jobs.handler(KIND, label=gettext_lazy("Ranking the schools"))
def run(job: Job) -> None:
    assert job.season is not None
    assert job.created_by is not None
    awards = rank(Season.objects.get(pk=job.season.pk), by=job.created_by)
    jobs.progress(job, len(awards), len(awards))


def latest_job(season: Season) -> Job | None:
    return Job.objects.filter(kind=KIND, season=season).order_by("-pk").first()


def rank(season: Season, *, by: User, today: dt.date | None = None) -> list[Award]:
    """Count the figures, store them with their hash, and rank the schools whose capture is over.

    Decisions of the center are kept; proposals are made again.
    """
    with transaction.atomic():
        refuse_published(season)
        rules = scoring.rules_of(season)
        snapshot = snapshot_of(season, rules, today=today or timezone.localdate())
        sha256 = sha256_of(snapshot)
        Ranking.objects.update_or_create(season=season, defaults={"snapshot": snapshot, "sha256": sha256})
        found = figures_in(snapshot)
        order = _rank_order(found, rules.weights)
        Award.objects.filter(season=season).exclude(school__in=order).delete()
        awards = _save_awards(season, order, found, rules)
        history.record("season.ranked", season, by=by, facts={"schools": len(awards), "sha256": sha256})
    return awards


def _rank_order(found: dict[int, Figures], weights: dict[str, int]) -> list[int]:
    """The school ids by rank: finished schools first; by score, photographed students, code."""
    codes = dict(School.objects.filter(pk__in=found).values_list("pk", "code"))
    return sorted(
        found, key=lambda s: (not found[s].is_finished, -found[s].score(weights), -found[s].captured, codes[s])
    )


def _save_awards(season: Season, order: list[int], found: dict[int, Figures], rules: ScoringRules) -> list[Award]:
    decided = set(Event.objects.filter(season=season, kind="award.decided").values_list("object_id", flat=True))
    present = {award.school_id: award for award in Award.objects.filter(season=season)}
    awards = []
    for n, school_id in enumerate(order, 1):
        award = present.get(school_id) or Award(season=season, school_id=school_id)
        row = found[school_id]
        fields: dict[str, Any] = {"rank": n, "score": row.score(rules.weights), "figures": asdict(row)}
        if award.pk is None or award.pk not in decided:
            fields |= _proposal(row, n, len(order), rules)
        for name, value in fields.items():
            setattr(award, name, value)
        awards.append(award)
    Award.objects.bulk_create(
        awards,
        update_conflicts=True,
        unique_fields=["season", "school"],
        update_fields=["rank", "score", "figures", "is_commended", "is_criticised", "allowance_fen"],
    )
    return list(awards_by_rank(season))


def _proposal(row: Figures, rank: int, schools: int, rules: ScoringRules) -> dict[str, Any]:
    return {
        "is_commended": row.is_finished and rank <= max(1, round(schools * rules.commended_percent / 100)),
        "is_criticised": row.measured(rules.weights) < rules.criticised_below,
        "allowance_fen": row.captured * rules.allowance_fen,
    }


def decide_award(
    award: Award,
    *,
    is_commended: bool,
    is_criticised: bool,
    persons: list[dict[str, str]],
    allowance_fen: int,
    by: User,
) -> Award:
    """Save the center's decision about one school. `persons`: the commended ones, {"name", "post"} each.

    Raises PortalError once the bulletin is published.
    """
    if is_commended and is_criticised:
        raise PortalError(_("A school cannot be commended and criticised at the same time."))
    fields = {
        "is_commended": is_commended,
        "is_criticised": is_criticised,
        "persons": persons,
        "allowance_fen": allowance_fen,
    }
    with transaction.atomic():
        refuse_published(award.season)
        for name, value in fields.items():
            setattr(award, name, value)
        award.save(update_fields=list(fields))
        history.record("award.decided", award, by=by, facts=fields | {"persons": len(persons)})
    return award


def refuse_published(season: Season) -> None:
    """Raise Conflict when the bulletin is out. In a transaction, publishing waits until it ends."""
    if transaction.get_connection().in_atomic_block:
        Season.objects.select_for_update(no_key=True).get(pk=season.pk)
    if Bulletin.objects.filter(season=season).exclude(published_at=None).exists():
        raise Conflict(_("The bulletin has been published; the ranking stands."))


def ranking_of(season: Season | None) -> Ranking | None:
    return Ranking.objects.filter(season=season).first() if season else None


def total_allowance_fen(season: Season) -> int:
    return sum(Award.objects.filter(season=season).values_list("allowance_fen", flat=True))


def awards_by_rank(season: Season) -> Any:
    return Award.objects.filter(season=season).select_related("school__area", "season").order_by(F("rank"))
