"""Finding the same picture again among those of a season: the index of imprints beside a key look-up and a sequential scan.

    .venv/bin/python -m bench.likeness.likeness_search [ROWS]          700,000 unless told

The rows are made up, with the correlations of real faces: bits of 75 hidden traits and some noise, so that the distances of two
rows have the spread that was measured on people (docs/judging.md, "The same picture twice"). Searched for are rows with 40
bits turned over, mirrored every second time, and rows that are nobody's. Budget: 10 ms a search.
"""

import os
import statistics
import sys
import time
from typing import Any

import numpy as np

from bench.database import by_owner, connect

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TRAITS, NOISE = 75, 0.4
BATCH = 20_000
SEARCHES, SCANS = 200, 3
ALTERED_BITS = 40
TABLES = ("capture_imprint", "capture_photo")
PHOTOS = """
INSERT INTO capture_photo (id, school_id, student_id, season_id, status, is_current, origin, original, preview, portrait, thumbnail,
    original_size, preview_size, portrait_size, thumbnail_size,
    width, height, sha256, engine, outcome, measures, geometry, background, token, attempts, taken_at, queued_at, reason)
SELECT n, 1, n, 1, 'approved', true, 'camera', '', '', '', '', 0, 0, 0, 0, 0, 0, '', '', '', '{}', '{}', '', gen_random_uuid(), 0, now(), now(), ''
FROM generate_series(1, %s) n
"""


class People:
    """Imprints as of many people."""

    def __init__(self) -> None:
        self.chance = np.random.default_rng(7)
        self.loadings = self.chance.standard_normal((TRAITS, 512), np.float32) / np.sqrt(TRAITS)

    def some(self, count: int) -> list[str]:
        traits = self.chance.standard_normal((count, TRAITS), np.float32)
        values = traits @ self.loadings + NOISE * self.chance.standard_normal((count, 512), np.float32)
        packed = np.packbits(values > 0, axis=1)
        return [row.tobytes().hex() for row in packed]

    def altered(self, imprint: str) -> str:
        turned = sum(1 << int(bit) for bit in self.chance.choice(512, ALTERED_BITS, replace=False))
        return f"{int(imprint, 16) ^ turned:0128x}"


def spread(imprints: list[str]) -> str:
    """Mean and deviation of the distance of two rows."""
    numbers = [int(imprint, 16) for imprint in imprints]
    found = [(one ^ other).bit_count() for one, other in zip(numbers[::2], numbers[1::2], strict=True)]
    return f"{statistics.mean(found):.0f} ± {statistics.stdev(found):.1f} bits"


def fill(people: People, rows: int) -> list[str]:
    """Imprints 1 to `rows`, in COPY's own format; returns every 1000th."""
    from django.db import connection, transaction

    from capture.judging.likeness import to_bit_string
    from vision.likeness.imprint import split_words

    kept = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PHOTOS, [rows])
        for start in range(0, rows, BATCH):
            made = people.some(min(BATCH, rows - start))
            kept += made[::1000]
            with cursor.copy("COPY capture_imprint (school_id, photo_id, bits, words) FROM STDIN") as copy:
                for n, imprint in enumerate(made, start + 1):
                    words = "{" + ",".join(map(str, split_words(imprint))) + "}"
                    copy.write(f"1\t{n}\t{to_bit_string(imprint)}\t{words}\n")
    return kept


def set_free() -> None:
    """No students and no schools are needed, only what is searched. COPY fills no table behind policies."""
    by_owner(*(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY" for table in TABLES))
    found = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)"
    for table, name in query(found, [list(TABLES)]):
        by_owner(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def timed(call: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = call()
    return 1000 * (time.perf_counter() - start), result


def line(label: str, spent: list[float], more: str = "") -> None:
    spent = sorted(spent)
    print(f"{label:<48}{statistics.median(spent):>9.2f}{spent[int(0.95 * len(spent))]:>9.2f}   {more}")


def query(sql: str, values: Any = None) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else None


def sizes() -> str:
    table, index = query("SELECT pg_table_size('capture_imprint'), pg_relation_size('imprint_words')")[0]
    return f"table {table / 2**20:.0f} MB, index {index / 2**20:.0f} MB"


def main(rows: int) -> None:
    connect(create=True, name="test_bench_likeness")
    from capture.judging import likeness
    from vision.likeness.imprint import mirror_imprint

    people = People()
    by_owner("DROP INDEX imprint_words")
    set_free()
    loading, kept = timed(lambda: fill(people, rows))
    build = "CREATE INDEX imprint_words ON capture_imprint USING gin (words) WITH (fastupdate = off)"
    building, _ = timed(lambda: by_owner(build))
    by_owner(*(f"VACUUM ANALYZE {table}" for table in TABLES))
    by_owner(*(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY" for table in TABLES))
    print(f"{rows:,} imprints; two of them differ in {spread(people.some(4000))}; {sizes()}")
    print(f"loaded in {loading / 1000:.0f} s, index built in {building / 1000:.0f} s\n")
    print(f"{'ms':<48}{'median':>9}{'95%':>9}")
    keys = people.chance.integers(1, rows + 1, SEARCHES).tolist()
    line("floor: one row by its key", [timed(lambda k=key: query("SELECT * FROM capture_imprint WHERE photo_id = %s", [k]))[0] for key in keys])  # fmt: skip

    def search(imprint: str) -> Any:
        return likeness.find_near(imprint, limit=72, student_id=0)

    chosen = [people.altered(imprint) for imprint in (kept * SEARCHES)[:SEARCHES]]
    chosen[::2] = [mirror_imprint(imprint) for imprint in chosen[::2]]
    found = [timed(lambda i=imprint: search(i)) for imprint in chosen]
    hits = sum(bool(matches) for _spent, matches in found)
    line("search for an altered picture", [spent for spent, _matches in found], f"{hits} of {SEARCHES} found")
    new = [timed(lambda i=imprint: search(i)) for imprint in people.some(SEARCHES)]
    false = sum(len(matches) for _spent, matches in new)
    line("search for a new picture", [spent for spent, _matches in new], f"{false} found")
    print(f"{'candidates a search':<48}{candidates(people.some(50)):>9.0f}")
    scan = likeness.NEAR.replace("WHERE words && %(words)s::int[]", "")
    values = [likeness.near_parameters(imprint, limit=72, student_id=0) for imprint in people.some(SCANS)]
    line("peer: sequential scan with bit_count", [timed(lambda v=value: query(scan, v))[0] for value in values])
    line("adding one imprint to table and index", [timed(lambda n=n, i=i: add(n, i))[0] for n, i in enumerate(people.some(SEARCHES), rows + 1)])  # fmt: skip


def candidates(imprint_list: list[str]) -> float:
    """How many rows share a word, and are compared bit by bit."""
    from capture.judging import likeness

    query("SELECT set_config('enable_seqscan', 'off', false)")  # as the search itself
    count = "SELECT count(*) FROM capture_imprint WHERE words && %(words)s::int[]"
    values = [likeness.near_parameters(imprint, limit=72, student_id=0) for imprint in imprint_list]
    mean = statistics.mean(query(count, value)[0][0] for value in values)
    query("SELECT set_config('enable_seqscan', 'on', false)")
    return mean


def add(photo_id: int, imprint: str) -> None:
    from capture.judging.likeness import to_bit_string
    from vision.likeness.imprint import split_words

    values = [photo_id, to_bit_string(imprint), split_words(imprint)]
    query("INSERT INTO capture_imprint (school_id, photo_id, bits, words) VALUES (1, %s, %s, %s)", values)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 700_000)
