"""Pictures of capture codes in hostile hands, and pictures that are none. The same seed gives the same files."""

from collections.abc import Iterator
from random import Random

import segno

from tests.support import code_pictures
from tests.support.hostile_papers import BYTES, Sample, changed
from tests.support.hostile_photos import photos

TEXTS = (
    *("https://registry.example/c?d=1", "\0" * 40, "名" * 300, "<script>alert(1)</script>", "9" * 2000, "{" * 1500),
    *("javascript:alert(1)", "TUCAI-DEMO:", "\r\nX: y", "' OR 1=1 --", "\u202e" * 50, "$" * 1000),
)


def _made(kind: str, chance: Random) -> bytes:
    return code_pictures.KINDS[kind](chance.choice(TEXTS))


def _of_many(chance: Random) -> bytes:
    """A picture full of small codes."""
    import numpy as np

    page = np.full((1900, 1900), 255, np.uint8)
    for place in range(chance.choice((20, 130))):
        one = np.array(list(segno.make(f"{place}", micro=False).matrix), np.uint8)
        one = np.kron(255 - one * 255, np.ones((5, 5), np.uint8)).astype(np.uint8)
        y, x = divmod(place, 13)
        y, x = 140 * y + 20, 140 * x + 20
        if y + len(one) <= 1900:
            page[y : y + len(one), x : x + len(one)] = one
    return code_pictures.jpeg(page)


def codes(seed: int, number: int) -> Iterator[Sample]:
    """A third are photos that lie, a third codes that are damaged, a third codes with texts that nobody expects."""
    lying = photos(seed, number // 3 + 1, heavy=False)
    kinds, changes = list(code_pictures.KINDS), list(BYTES.items())
    for n in range(number):
        kind, chance = kinds[n // 3 % len(kinds)], Random(f"{seed} {n}")
        if n % 3 == 0:
            name, make = next(lying)
            yield f"photo as code: {name}", make
        elif n % 3 == 1:
            name, change = changes[n // 3 % len(changes)]
            yield changed(
                f"code {name}: {n}", lambda kind=kind: _made(kind, Random(kind)), change, f"{seed} {n}", inside=False
            )
        elif n % 30 == 2:
            yield f"many codes: {n}", lambda chance=chance: _of_many(chance)
        else:
            yield f"odd text: {n}", lambda kind=kind, chance=chance: _made(kind, chance)
