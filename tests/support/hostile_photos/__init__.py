"""Photos that are none, that lie, or that accidents have damaged. Equal seeds give equal files."""

import random
from collections.abc import Callable, Iterator

from tests.support.hostile_photos import boxes, jpeg, others, png, webp
from tests.support.hostile_photos.made import bombs, disguises, heavy_bombs, metadata, odd_pictures

# A name, which starts with that of its family and ": ", and what makes the file.
Sample = tuple[str, Callable[[], bytes]]
HEAVY = 25  # that take minutes to make
FAMILIES = jpeg.FAMILIES | png.FAMILIES | webp.FAMILIES | boxes.FAMILIES | others.FAMILIES


def photos(seed: int, number: int, *, heavy: bool = True) -> Iterator[Sample]:
    """Half of them, at most, are files of their own; the rest come from all families in turn. The `heavy` ones come last."""
    own = [*disguises(), *bombs(), *metadata(), *odd_pictures()]
    own = random.Random(seed).sample(own, min(len(own), number // 2))
    for name, data in own:
        yield f"files of their own: {name}", lambda data=data: data
    for place in range(number - len(own) - (HEAVY if heavy else 0)):
        family = list(FAMILIES)[place % len(FAMILIES)]
        name = f"{family}: {seed}.{place}"
        yield name, lambda family=family, name=name: FAMILIES[family](random.Random(name))
    for name, data in heavy_bombs() if heavy else ():
        yield f"files of their own: {name}", lambda data=data: data
