"""The archive of electronic portraits: streamed ZIP beside a plain copy of the same files; first byte; length ahead.

    .venv/bin/python -m bench.archive [FILES]          10,000 of 38 kB unless told

Both read the files from the same folder (in the page cache after the first round) and write one
file. Needs no database.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

SIZE = 38_000


def entries(folder: Path, count: int) -> list:
    from printing import zip_archive

    names = (f"{320102200000000000 + n}" for n in range(count))
    return [
        zip_archive.Entry(zip_archive.entry_name(name), SIZE, (folder / f"{n}.jpg").read_bytes)
        for n, name in enumerate(names)
    ]


def copied(folder: Path, count: int) -> Iterable[bytes]:
    return ((folder / f"{n}.jpg").read_bytes() for n in range(count))


def written(chunks: Iterable[bytes], target: Path) -> tuple[float, float, int]:
    """(seconds, seconds to the first byte, bytes)."""
    started, first, size = time.perf_counter(), 0.0, 0
    with target.open("wb") as file:
        for chunk in chunks:
            first = first or time.perf_counter() - started
            size += len(chunk)
            file.write(chunk)
    return time.perf_counter() - started, first, size


def main() -> None:
    from printing import zip_archive

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n in range(count):
            (folder / f"{n}.jpg").write_bytes(os.urandom(SIZE))
        best: dict[str, float] = {}
        for _ in range(3):
            seconds, _first, size = written(copied(folder, count), folder / "copy")
            best["copy"] = max(best.get("copy", 0), size / seconds / 1e6)
            started = time.perf_counter()
            listed = entries(folder, count)
            made = zip_archive.build_zip(listed)
            promised = len(made)
            ahead = time.perf_counter() - started
            seconds, first, size = written(zip_archive.stream_zip(made), folder / "zip")
            best["zip"] = max(best.get("zip", 0), size / seconds / 1e6)
            best["first"] = min(best.get("first", 9), ahead + first)
            assert size == promised
    print(f"{'archive':24} {'MB/s':>8}")
    print(f"{'plain copy':24} {best['copy']:8.0f}")
    print(f"{'ours, stored ZIP':24} {best['zip']:8.0f}")
    print(
        f"ours / copy: {best['zip'] / best['copy']:.2f} (budget 0.6); listing {count:,} files, their length and the first "
        f"byte: {best['first'] * 1000:.0f} ms (budget 50 ms); length promised and kept: {promised:,} bytes"
    )


if __name__ == "__main__":
    main()
