"""Matching a bank statement of 600 lines of 170 schools whose truth is known (bench/money/made_statement.py).

`--dev` leaves the held-out kinds of lines away; run it while working at the matching, and the whole only to measure.
"""

import os
import sys
import time
from collections import Counter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")  # how many files may be read at once

from bench.money.made_statement import HELD_OUT, MadeLine, MadeStatement, icbc_csv, make
from billing.accounts.references import reference_of
from billing.bank import names, reading
from billing.bank.matching import Account, Matcher, Verdict
from billing.bank.names import Names
from billing.bank.reading import Line

SEED, HELD_OUT_SEED = 1, 20_221_120  # the second was never looked at while the matching was written
MOST_SECONDS, LEAST_SURE = 2.0, 0.90
MORE_SEEDS = range(30_000, 30_040)  # for what one statement has too seldom: wrong codes, old names


class Movement:
    """A line as the matching takes it."""

    def __init__(self, line: Line | MadeLine) -> None:
        self.amount_fen, self.currency, self.payer = line.amount, "CNY", line.payer
        self.payer_account, self.remark = line.payer_account, line.remark


def measure_more() -> tuple[Counter[str], dict[str, Counter[str]]]:
    """As `compared`, of many statements together, without their files."""
    total: Counter[str] = Counter()
    of_kind: dict[str, Counter[str]] = {}
    for seed in MORE_SEEDS:
        statement = make(seed)
        one, kinds = compared(statement, [Movement(line) for line in statement.lines])
        total += one
        for kind, outcomes in kinds.items():
            of_kind[kind] = of_kind.get(kind, Counter()) + outcomes
    return total, of_kind


def matcher_of(statement: MadeStatement) -> tuple[Matcher, dict[int, tuple[int, int]]]:
    accounts, keys = [], {}
    for school in statement.schools:
        for year, due in school.due.items():
            keys[len(accounts)] = (school.number, year)
            accounts.append(Account(len(accounts), school.number, year, reference_of(year, school.code), due))
    known = [(school.number, school.name, "") for school in statement.schools]
    aliases = [
        (school.number, names.plain(school.old_name)) for school in statement.schools if school.is_old_name_known
    ]
    return Matcher(accounts, Names(known, aliases)), keys


def judged(made: MadeLine, verdict: Verdict, keys: dict[int, tuple[int, int]]) -> str:
    """sure, tray or wrong."""
    if verdict.is_sure:
        found = {keys[share.key]: share.amount_fen for share in verdict.shares}
        return "sure" if found == made.truth else "wrong"
    if verdict.reason:
        return "sure" if verdict.reason == made.reason else "wrong"
    return "tray"


def compared(statement: MadeStatement, movements: list[Movement]) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """{outcome: lines}, of fees and of others apart too; {kind: {outcome: lines}}."""
    matcher, keys = matcher_of(statement)
    total: Counter[str] = Counter()
    of_kind: dict[str, Counter[str]] = {}
    for made, movement in zip(statement.lines, movements, strict=True):
        outcome = judged(made, matcher.judge(movement), keys)
        for name in (outcome, f"{'fee' if made.truth else 'other'} {outcome}"):
            total[name] += 1
        of_kind.setdefault(made.kind, Counter())[outcome] += 1
    return total, of_kind


def measure(seed: int, *, dev: bool = False) -> tuple[Counter[str], dict[str, Counter[str]], float, float]:
    statement = make(seed, dev=dev)
    content = icbc_csv(statement)
    begun = time.perf_counter()
    found = reading.read(content)
    read = time.perf_counter()
    if (len(found.lines), len(found.again), len(found.breaks)) != (len(statement.lines), 6, 0):
        sys.exit("the file was misread")
    total, of_kind = compared(statement, [Movement(line) for line in found.lines])
    ended = time.perf_counter()
    return total, of_kind, read - begun, ended - read


def main() -> None:
    dev = "--dev" in sys.argv
    failed = False
    for seed in (SEED,) if dev else (SEED, HELD_OUT_SEED):
        total, of_kind, read, matched = measure(seed, dev=dev)
        print(f"seed {seed}: 6 more lines come twice and are found")
        print(
            f"  read in {read:.2f} s (a process of its own), matched in {matched:.2f} s   floor: {MOST_SECONDS} s together"
        )
        failed = told(total, of_kind) or read + matched > MOST_SECONDS or failed
    if not dev:
        print(f"{len(MORE_SEEDS)} more statements together")
        failed = told(*measure_more()) or failed
    if failed:
        sys.exit("below its floor")


def told(total: Counter[str], of_kind: dict[str, Counter[str]]) -> bool:
    """Print the shares. Returns whether they are below their floor."""
    lines = total["sure"] + total["tray"] + total["wrong"]
    fees = total["fee sure"] + total["fee tray"] + total["fee wrong"]
    share, of_fees = total["sure"] / lines, total["fee sure"] / fees
    print(f"  {lines} lines, {fees} of them fees of 170 schools")
    print(f"  sure {share:.1%} of all lines, {of_fees:.1%} of the fees   floor: {LEAST_SURE:.0%} of both")
    print(f"  wrong {total['wrong']}   floor: 0;  in the tray {total['tray']}")
    for kind, outcomes in sorted(of_kind.items()):
        mark = "   (held out)" if kind in HELD_OUT else ""
        print(f"    {kind:20} " + ", ".join(f"{name} {n}" for name, n in sorted(outcomes.items())) + mark)
    return min(share, of_fees) < LEAST_SURE or bool(total["wrong"])


if __name__ == "__main__":
    main()
