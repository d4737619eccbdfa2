"""The archive of electronic portraits: streamed ZIP beside a plain copy of the same files; and out of a bucket.

    .venv/bin/python -m bench.archive [FILES]          10,000 of 38 kB unless told

From a folder, both read the files (in the page cache after the first round) and write one file. Out of a bucket (moto's on this machine,
each answer DELAY ms late, as from another city) the files come one after the other, and some of them ahead. Needs no database.
"""

import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
SIZE = 38_000
IN_BUCKET, DELAY = 300, 20  # files; milliseconds


def contents(folder: Path, count: int) -> Iterable[tuple[str, bytes]]:
    for n in range(count):
        yield f"{320102200000000000 + n}.jpg", (folder / f"{n}.jpg").read_bytes()


def written(chunks: Iterable[bytes], target: Path) -> tuple[float, float, int]:
    """(seconds, seconds to the first byte, bytes)."""
    started, first, size = time.perf_counter(), 0.0, 0
    with target.open("wb") as file:
        for chunk in chunks:
            first = first or time.perf_counter() - started
            size += len(chunk)
            file.write(chunk)
    return time.perf_counter() - started, first, size


def out_of_a_folder(count: int) -> None:
    from printing import zip_archive

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n in range(count):
            (folder / f"{n}.jpg").write_bytes(os.urandom(SIZE))
        best: dict[str, float] = {}
        for _ in range(3):
            seconds, _first, size = written((data for _name, data in contents(folder, count)), folder / "copy")
            best["copy"] = max(best.get("copy", 0), size / seconds / 1e6)
            seconds, first, size = written(zip_archive.stream_zip(contents(folder, count)), folder / "zip")
            best["zip"] = max(best.get("zip", 0), size / seconds / 1e6)
            best["first"] = min(best.get("first", 9), first)
    print(f"{'archive':24} {'MB/s':>8}")
    print(f"{'plain copy':24} {best['copy']:8.0f}")
    print(f"{'ours, stored ZIP':24} {best['zip']:8.0f}")
    print(
        f"ours / copy: {best['zip'] / best['copy']:.2f} (budget 0.6); first byte: {best['first'] * 1000:.1f} ms (budget 50 ms)"
    )


def out_of_a_bucket() -> None:
    import django
    from django.core.files.base import ContentFile
    from django.test import override_settings

    django.setup()
    from portal import files
    from tests.support.s3_server import s3_server

    with s3_server() as server, override_settings(STORAGES={"default": {
        "BACKEND": "portal.storages.bucket.Bucket", "OPTIONS": server.settings("bench"),
    }}):  # fmt: skip
        server.make_bucket("bench")
        names = [files.storage().save(f"portraits/1/{uuid.uuid4().hex}.jpg", ContentFile(os.urandom(SIZE)))
                 for _ in range(IN_BUCKET)]  # fmt: skip
        for delay in (0, DELAY):
            server.fault["seconds"] = delay / 1000
            one_by_one = _seconds(names, files.read)
            with files.reading_ahead(names) as read:
                ahead = _seconds(names, read)
            print(f"{IN_BUCKET} files, answers {delay} ms late: one by one {one_by_one:.2f} s, ahead {ahead:.2f} s")


def _seconds(names: list[str], read: Callable[[str], bytes]) -> float:
    from printing import zip_archive

    with tempfile.TemporaryDirectory() as folder:
        return written(zip_archive.stream_zip((name, read(name)) for name in names), Path(folder) / "zip")[0]


if __name__ == "__main__":
    out_of_a_folder(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    out_of_a_bucket()
