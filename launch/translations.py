"""Compiles the translations, locale/*/LC_MESSAGES/django.po, to .mo files, without GNU gettext."""

import os
import sys
from pathlib import Path

import polib

LOCALE = Path(__file__).resolve().parent.parent / "locale"


def compile_catalogue(source: Path, *, force: bool = False) -> bool:
    """Write the .mo when the .po is newer; True when it was written. A reader never sees half a
    file.
    """
    target = source.with_suffix(".mo")
    if not force and target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return False
    draft = target.with_suffix(f".{os.getpid()}")
    polib.pofile(str(source)).save_as_mofile(str(draft))
    draft.replace(target)
    return True


def main(*, force: bool) -> None:
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        if compile_catalogue(source, force=force):
            print(f"译文已编译 · compiled {source.relative_to(LOCALE.parent)}")


if __name__ == "__main__":
    main(force="--force" in sys.argv)
