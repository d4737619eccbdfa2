"""All private files as a folder: for a backup of a bucket, and to move from a folder to a bucket or back."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from portal import files
from portal.errors import PortalError
from portal.storages import Stored

MARK = ".tucai-copy"  # a folder that we may delete in
AT_ONCE, CHUNK = 8, 1000


class Copied(NamedTuple):
    copied: int
    kept: int
    deleted: int


def fetch(folder: Path) -> Copied:
    """Make the folder a copy of the stored files. What is there already stays; what is no longer stored is deleted.

    A file that is deleted meanwhile is left out. Raises PortalError for a folder of somebody else.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / MARK).exists():
        if any(folder.iterdir()):
            raise PortalError(_("%(folder)s holds other files: name an empty folder.") % {"folder": folder})
        (folder / MARK).touch()
    before = {name: path.stat().st_size for name, path in _in_folder(folder)}
    copied, kept = _at_once(lambda stored: _fetch(stored, folder, before), files.storage().listing())
    return Copied(copied, kept, _delete(folder, before))


def _at_once(copy: Callable[[Any], bool], items: Iterator[Any]) -> tuple[int, int]:
    """How many were copied, and how many were there."""
    found = [0, 0]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while chunk := list(islice(items, CHUNK)):
            for is_new in threads.map(copy, chunk):
                found[not is_new] += 1
    return found[0], found[1]


def _fetch(stored: Stored, folder: Path, before: dict[str, int]) -> bool:
    if before.pop(stored.name, None) == stored.size:
        return False
    path = folder / stored.name
    content = files.content_of(stored.name)
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.draft")
        draft.write_bytes(content)
        os.utime(draft, (stored.written_at.timestamp(),) * 2)
        draft.rename(path)
    return True


def _delete(folder: Path, left: dict[str, int]) -> int:
    for name in left:
        (folder / name).unlink()
    return len(left)


def put_back(folder: Path) -> Copied:
    """Store what is in the folder and not stored; nothing is deleted."""
    stored = {each.name: each.size for each in files.storage().listing()}
    copied, kept = _at_once(lambda found: _put_back(found[0], found[1], stored), _in_folder(folder))
    return Copied(copied, kept, 0)


def _put_back(name: str, path: Path, stored: dict[str, int]) -> bool:
    if name in stored:
        return False
    with path.open("rb") as content:
        files.put_back(name, content)
    return True


def _in_folder(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        if path.is_file() and path.name != MARK and not path.name.endswith(".draft"):
            yield path.relative_to(folder).as_posix(), path
