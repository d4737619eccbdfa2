"""What the check says to people whom rules of thumb forget: drawn people of every appearance.

    .venv/bin/python -m bench.judging.appearances [PEOPLE]

Prints for each appearance how many of PEOPLE drawn persons are green, amber and red, and the rules that spoke. They are drawn by
formula: the table shows that an appearance is taken for a violation, never that it is not.
"""

from __future__ import annotations

import sys
from collections import Counter

from demo.drawn_people.appearances import APPEARANCES
from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_jpeg
from vision import check

SIZE = (900, 1200)
PEOPLE = 24


def main(people: int) -> None:
    print(f"{'appearance':20}{'green':>7}{'amber':>7}{'red':>7}  rules that spoke")
    for appearance in ["", *APPEARANCES]:
        verdicts = [
            check(draw_jpeg(Person.random(seed), size=SIZE, appearance=appearance)).verdict for seed in range(people)
        ]
        outcomes = Counter(verdict.outcome for verdict in verdicts)
        rules = Counter(f"{finding.rule}:{finding.outcome}" for verdict in verdicts for finding in verdict.findings)
        counts = "".join(f"{outcomes[outcome]:7}" for outcome in ("green", "amber", "red"))
        spoke = " ".join(f"{name} {number}" for name, number in rules.most_common())
        print(f"{appearance or 'none of these':20}{counts}  {spoke}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)
