"""Prints the template lines of more than 140 characters as file:line, for `make lint`."""

import sys
from collections.abc import Iterator
from pathlib import Path

LIMIT = 140
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def long_lines(folder: Path = TEMPLATES) -> Iterator[str]:
    for path in sorted((*folder.rglob("*.html"), *folder.rglob("*.txt"))):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > LIMIT:
                yield f"{path.relative_to(folder.parent)}:{number}: {len(line)} characters, at most {LIMIT} are allowed"


if __name__ == "__main__":
    found = list(long_lines())
    print("\n".join(found) or "No template line is too long")
    sys.exit(bool(found))
