"""What evaluate_checks prints: tables for people, and one JSON object with the same numbers."""

from __future__ import annotations

from collections import Counter
from typing import Any

from vision.evaluation.held_out import HeldOut
from vision.evaluation.labelled_photos import (
    Evaluation,
    RuleResult,
    ViolationKind,
    group_names,
    rule_row,
    total_result,
    violation_kinds,
)
from vision.evaluation.shares import Share
from vision.evaluation.stability import Stability
from vision.evaluation.variations import MOST_TURNED

STRENGTHS = ("weak", "middle", "strong")
COUNTS = f"{'rule':20}{'outcome':9}{'images':>8}{'false':>7}{'%':>7}{'labelled':>10}{'found':>7}{'%':>7}{'AUC':>7}"
RULE_HEAD = f"{COUNTS}  {'limit':8}{'false 95 %':>12}{'found 95 %':>12}"
HELD_OUT_HEAD = (
    f"{'rule':20}{'left out':16}{'limit':>9}{'false':>9}{'%':>7}{'95 %':>12}{'found':>9}{'%':>7}{'95 %':>12}"
)


def rule_table(judged: Evaluation) -> list[str]:
    return [RULE_HEAD, *(rule_line(row) for row in [*judged.rows, total_result(judged.photos)])]


def rule_line(row: RuleResult) -> str:
    limit = "" if row.limit is None else f"{row.limit:g}"
    auc = "" if row.auc is None else f"{row.auc:.3f}"
    line = (
        f"{row.rule:20}{row.outcome:9}{row.images:8}{row.false:7}{percent(row.false_share):>7}"
        f"{row.labelled:10}{row.found:7}{percent(row.found_share):>7}{auc:>7}  {limit:8}"
    )
    return f"{line}{interval(row.false_share):>12}{interval(row.found_share):>12}"


def group_table(judged: Evaluation) -> list[str]:
    """A row for each rule with findings or labels: false findings of clean photos, and found
    violations, per group. Empty without groups.
    """
    groups = group_names(judged)
    if not groups:
        return []
    parts = [judged.of_group(group).photos for group in groups]
    lines = [f"{'rule':20}{'outcome':9}" + "".join(f"{group:>20}" for group in groups)]
    for row in judged.rows:
        if row.labelled or row.false:
            cells = (rule_row(row.rule, row.outcome, part, judged.limits) for part in parts)
            lines.append(f"{row.rule:20}{row.outcome:9}" + "".join(cell(part) for part in cells))
    return [*lines, f"{'all rejecting':29}" + "".join(cell(total_result(part)) for part in parts)]


def cell(row: RuleResult) -> str:
    """ "false/clean found/broken"."""
    return f"{f'{of(row.false_share)} {of(row.found_share)}':>20}"


def kind_table(judged: Evaluation) -> list[str]:
    """Made violations by their strength. Empty without such."""
    made = violation_kinds(judged)
    if not made:
        return []
    return [f"{'kind':20}{'rule':20}" + "".join(f"{strength:>10}" for strength in STRENGTHS), *map(kind_line, made)]


def kind_line(kind: ViolationKind) -> str:
    found = "".join(f"{strength_cell(kind, strength):>10}" for strength in STRENGTHS)
    return f"{kind.name:20}{kind.rule:20}{found}" + ("   left to the reviewer" if kind.overlooked else "")


def strength_cell(kind: ViolationKind, strength: str) -> str:
    found = kind.strengths.get(strength)
    return of(Share(*found)) if found else "-"


def held_out_table(rows: list[HeldOut]) -> list[str]:
    """Empty when no rule has photos of both kinds in other sets."""
    if not rows:
        return []
    lines = [
        f"{row.rule.name + ('' if row.is_whole_rule else '*'):20}{row.set:16}{row.measured_limit:9.3g}"
        f"{of(row.false):>9}{percent(row.false):>7}{interval(row.false):>12}"
        f"{of(row.found):>9}{percent(row.found):>7}{interval(row.found):>12}"
        for row in rows
    ]
    return [
        "Limits chosen on the other sets, tried on the set that was left out",
        HELD_OUT_HEAD,
        *lines,
        "* by its first measure or score; the rule weighs others too",
    ]


def stability_table(rows: list[Stability], sets: list[str]) -> list[str]:
    lines = [
        f"{row.variation.name:24}{'' if row.variation.is_harmless else 'no':10}{of(row.turned):>9}"
        f"{percent(row.turned):>7}{interval(row.turned):>12}{row.worse:7}{row.rejected:5}"
        + "".join(f"{of(row.turned_in(name)):>12}" for name in sets)
        + f"  {'! ' if row.is_unstable else '  '}{changes(row)}"
        for row in rows
    ]
    unstable = ", ".join(row.variation.name for row in rows if row.is_unstable)
    return [
        "Verdicts of compliant photos that turn when the photo is changed",
        f"{'change':24}{'harmless':10}{'turned':>9}{'%':>7}{'95 %':>12}{'worse':>7}{'red':>5}"
        + "".join(f"{name:>12}" for name in sets)
        + "    rules that appeared (+) or vanished (-)",
        *lines,
        f"Harmless changes that turn more than {MOST_TURNED:.0%} of the verdicts: {unstable or 'none'}",
    ]


def changes(row: Stability) -> str:
    appeared, vanished = row.rules()
    return " ".join(signed("+", appeared) + signed("-", vanished))


def signed(sign: str, rules: Counter[str]) -> list[str]:
    return [f"{sign}{name} {number}" for name, number in rules.most_common()]


def percent(share: Share) -> str:
    return "-" if share.value is None else f"{100 * share.value:.1f}"


def interval(share: Share) -> str:
    return "-" if share.interval is None else "-".join(f"{100 * end:.1f}" for end in share.interval)


def of(share: Share) -> str:
    return f"{share.hits}/{share.of}"


def as_object(judged: Evaluation, held_out: list[HeldOut], stability: list[Stability] | None) -> dict[str, Any]:
    """Everything that is printed. Shares are [hits, of, low, high] with Wilson's interval at 95 %."""
    found: dict[str, Any] = {
        "ignored": sorted(judged.ignored),
        "sets": {name: set_object(part) for name, part in judged.sets.items()},
        "left_out": [held_out_object(row) for row in held_out],
    }
    return found if stability is None else found | {"stability": [stability_object(row) for row in stability]}


def set_object(judged: Evaluation) -> dict[str, Any]:
    kinds = [
        {"kind": kind.name, "rule": kind.rule, "overlooked": kind.overlooked, "strengths": kind.strengths}
        for kind in violation_kinds(judged)
    ]
    rows = [*judged.rows, total_result(judged.photos)]
    return {"photos": len(judged.photos), "rules": [rule_object(row) for row in rows], "kinds": kinds}


def rule_object(row: RuleResult) -> dict[str, Any]:
    false, found = share_object(row.false_share), share_object(row.found_share)
    return {
        "rule": row.rule,
        "outcome": row.outcome,
        "false": false,
        "found": found,
        "auc": row.auc,
        "limit": row.limit,
    }


def held_out_object(row: HeldOut) -> dict[str, Any]:
    return {
        "rule": row.rule.name,
        "whole_rule": row.is_whole_rule,
        "set": row.set,
        "limit": row.measured_limit,
        "false": share_object(row.false),
        "found": share_object(row.found),
    }


def stability_object(row: Stability) -> dict[str, Any]:
    turned = [
        {
            "file": varied.photo.label.name,
            "before": varied.verdicts[0],
            "after": varied.verdicts[1],
            "appeared": varied.appeared,
            "vanished": varied.vanished,
        }
        for varied in row.photos
        if varied.has_turned
    ]
    return {
        "variation": row.variation.name,
        "harmless": row.variation.is_harmless,
        "reason": row.variation.reason,
        "turned": share_object(row.turned),
        "unstable": row.is_unstable,
        "photos": turned,
    }


def share_object(share: Share) -> list[float | None]:
    low, high = share.interval or (None, None)
    return [share.hits, share.of, low, high]
