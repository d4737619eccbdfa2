"""Hostile HEICs and AVIFs: boxes that lie, items that are made of themselves, grids larger or smaller than their tiles."""

import copy
import random
import struct
from functools import cache

from tests.support.hostile_photos.sound import encoded, portrait, sound
from tests.support.hostile_photos.writers import box, random_profile, random_tiff

CONTAINERS = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6, b"iref": 4, b"dinf": 0}  # bytes before the boxes inside
KINDS = (b"ftyp", b"meta", b"hdlr", b"pitm", b"iloc", b"iinf", b"infe", b"iref", b"iprp", b"ipco", b"ipma", b"ispe", b"hvcC",
         b"av1C", b"colr", b"pixi", b"irot", b"imir", b"clap", b"idat", b"mdat", b"moov", b"free", b"auxC", b"grpl", b"uuid")  # fmt: skip
CODED_AT = 36  # of a file that starts with a type of 28 bytes and the head of the coded data
NUMBERS = (0, 1, 2, 3, 64, 255, 256, 65_535)

Tree = list["Node"]


class Node:
    """A box: its kind, the bytes before the boxes inside, and those; or its bytes alone."""

    def __init__(self, kind: bytes, head: bytes, inside: Tree) -> None:
        self.kind, self.head, self.inside = kind, head, inside

    def written(self) -> bytes:
        return box(self.kind, self.head + b"".join(node.written() for node in self.inside))


def read(data: bytes) -> Tree:
    at, found = 0, []
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:
            break
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + size]
        before = CONTAINERS.get(kind)
        found.append(Node(kind, body, []) if before is None else Node(kind, body[:before], read(body[before:])))
        at += size
    return found


def all_of(tree: Tree) -> list[tuple[Tree, int]]:
    """(list, place) of every box."""
    return [(tree, n) for n in range(len(tree))] + [pair for node in tree for pair in all_of(node.inside)]


def base(chance: random.Random) -> bytes:
    return chance.choice([data for name, data in sound() if name[:4] in ("heic", "avif")])


def tree(chance: random.Random) -> bytes:
    """Left out, doubled, put into each other, renamed, or with other content. The sizes are right, the places of
    the coded data are no longer where they were said to be, except where the boxes come behind.
    """
    boxes = read(base(chance))
    if chance.random() < 0.7:  # the coded data keep their place
        first = next(n for n, node in enumerate(boxes) if node.kind == b"meta")
        size = len(boxes[first].written())
        boxes.append(boxes[first])
        boxes[first] = Node(b"free", bytes(size - 8), [])
    for _ in range(chance.choice((1, 1, 2, 6))):
        places = [(siblings, n) for siblings, n in all_of(boxes) if siblings[n].kind not in (b"mdat", b"free")]
        if not places:
            break
        (siblings, at), (others, place) = chance.choice(places), chance.choice(places)
        node = siblings[at]
        match chance.randrange(7):
            case 0:
                del siblings[at]
            case 1:
                others.insert(place, copy.deepcopy(node))
            case 2:
                siblings[at] = copy.deepcopy(others[place])
            case 3:
                siblings[at] = Node(chance.choice(KINDS), node.head, node.inside)
            case 4:
                siblings[at] = Node(node.kind, node.head[: chance.randrange(len(node.head) + 1)], node.inside)
            case 5:
                siblings[at] = Node(node.kind, changed(node.head, chance), node.inside)
            case _:
                siblings[at : at + 1] = [node] * chance.choice((2, 50, 3000))
    return b"".join(node.written() for node in boxes)[:8_000_000]


def changed(body: bytes, chance: random.Random) -> bytes:
    if not body:
        return chance.randbytes(4)
    at = chance.randrange(min(len(body), 80))
    width = chance.choice((1, 2, 4))
    number = chance.choice((0, 1, 2, 127, 2 ** (8 * width) - 1, chance.getrandbits(8 * width)))
    return body[:at] + number.to_bytes(width, "big") + body[at + width :]


def sizes(chance: random.Random) -> bytes:
    """Boxes of sizes that lie: 0, 1 with 64 bits, shorter than a head, longer than the file."""
    data = bytearray(base(chance))
    for _ in range(chance.choice((1, 2, 5))):
        known = [at for kind in KINDS if (at := data.find(kind, chance.randrange(200))) >= 4]
        if not known:
            break
        at = chance.choice(known) - 4
        data[at : at + 4] = struct.pack(">I", chance.choice((0, 1, 2, 7, 8, 9, 40, len(data), 2**31, 2**32 - 1)))
    return bytes(data)


def fields(chance: random.Random) -> bytes:
    """Numbers of the tables changed in place."""
    data = bytearray(base(chance))
    end = data.find(b"mdat")
    end = end if end > 200 else len(data) // 2
    for _ in range(chance.choice((1, 1, 2, 8, 30))):
        at = chance.randrange(8, end)
        width = chance.choice((1, 2, 4))
        data[at : at + width] = (
            chance.choice(NUMBERS).to_bytes(4, "big")[-width:] if chance.random() < 0.6 else chance.randbytes(width)
        )
    return bytes(data)


def coded_data(chance: random.Random) -> bytes:
    """Bits turned, or stretches replaced, in the coded picture only."""
    data = bytearray(base(chance))
    start = max(data.find(b"mdat") + 4, 300)
    for _ in range(chance.choice((1, 4, 60, 1000))):
        data[chance.randrange(start, len(data))] ^= 1 << chance.randrange(8)
    if chance.random() < 0.4:
        at, size = chance.randrange(start, len(data)), chance.choice((9, 60, 3000))
        size = min(size, len(data) - at)
        data[at : at + size] = chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size)))
    return bytes(data)


# --- items made by hand ----------------------------------------------------------------------------------------------


@cache
def tile(codec: str) -> tuple[bytes, bytes, bytes]:
    """(kind of item, its configuration box, the coded picture) of a drawn person of 64 x 64 px."""
    data = encoded(portrait((64, 64)), codec, quality=50, **({"speed": 10} if codec == "AVIF" else {}))
    kind = b"hvcC" if codec == "HEIC" else b"av1C"
    at = data.index(kind) - 4
    configuration = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    place = data.index(b"mdat") + 4
    return (
        (b"hvc1" if codec == "HEIC" else b"av01"),
        configuration,
        data[place : place - 8 + int.from_bytes(data[place - 8 : place - 4], "big")],
    )


TILES, GRID = 20, 21  # items 1 to 20, and that which is made of them
SIDES = (0, 1, 63, 64, 128, 640, 4999, 20_000, 65_535)
KINDS_OF_ITEMS = (b"grid", b"iden", b"iovl", b"Exif", b"mime", b"hvc1", b"av01", b"unci", b"tmap")
LINKS = (b"dimg", b"dimg", b"auxl", b"thmb", b"cdsc", b"prem")


def items(chance: random.Random) -> bytes:
    """A sound grid of 5 x 4 tiles, all the same, with some mistakes: sides that lie, grids, overlays, identities, alphas and
    tiles that refer to each other, to themselves and to nothing, a tile of many places, properties of nonsense.
    """
    codec = chance.choice(("HEIC", "AVIF"))
    kind, configuration, coded = tile(codec)
    kinds, bodies = [*[kind] * TILES, b"grid"], {GRID: grid(4, 5, 320, 256)}
    links = [(b"dimg", GRID, [*range(1, GRID)])]
    properties = [configuration, ispe(64, 64), ispe(320, 256)]
    given = {item: [1, 2] for item in range(1, GRID)} | {GRID: [3]}
    extents, main = 1, GRID
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        match chance.randrange(9):
            case 0:
                rows, columns = (chance.choice((1, 4, 5, 10, 256)) for _ in range(2))
                bodies[GRID] = grid(rows, columns, chance.choice(SIDES), chance.choice(SIDES))
                links[0] = (b"dimg", GRID, [1] * (min(65_535, rows * columns) if chance.random() < 0.7 else 9))
            case 1:
                properties[chance.choice((1, 2))] = ispe(*(chance.choice((*SIDES, 2**32 - 1)) for _ in range(2)))
            case 2:
                links[0][2][chance.randrange(len(links[0][2]))] = chance.choice((0, 1, GRID, GRID + 1, 99))
            case 3:
                for _ in range(chance.choice((1, 2, 30))):
                    name = chance.choice(KINDS_OF_ITEMS)
                    kinds.append(name)
                    bodies[len(kinds)] = body_of(name, chance)
                    given[len(kinds)] = [3]
                    to = [chance.randrange(0, len(kinds) + 2) for _ in range(chance.choice((1, 1, 2, 20)))]
                    links.append((chance.choice(LINKS), len(kinds), to))
            case 4:
                for _ in range(chance.choice((1, 5, 60))):
                    to = [chance.randrange(0, len(kinds) + 1)] * chance.choice((1, 1, 9, 900, 20_000))
                    links.append((chance.choice(LINKS), chance.randrange(1, len(kinds) + 1), to))
            case 5:
                properties.append(odd_property(chance))
                given[chance.choice(list(given))].append(len(properties))
            case 6:
                given[chance.choice(list(given))] += [chance.randrange(len(properties) + 3) for _ in range(9)]
            case 7:
                extents = chance.choice((0, 2, 30, 900))
            case _:
                main = chance.choice((0, 1, len(kinds), 99))
    chain_of = chance.choice((0, 0, 0, 3, 300))  # each is made of the next, the last of the first
    for n in range(chain_of):
        kinds.append(chance.choice((b"grid", b"iden")))
        bodies[len(kinds)] = grid(1, 1, 64, 64) if kinds[-1] == b"grid" else b""
        given[len(kinds)] = [2]
        links.append((b"dimg", len(kinds), [len(kinds) + 1 if n < chain_of - 1 else chance.choice((1, GRID + 1))]))
    if chain_of and chance.random() < 0.7:
        main = GRID + 1
    return written(codec, kinds, bodies, links, properties, given, coded, extents, main)


def written(
    codec: str,
    kinds: list[bytes],
    bodies: dict[int, bytes],
    links: list[tuple[bytes, int, list[int]]],
    properties: list[bytes],
    given: dict[int, list[int]],
    coded: bytes,
    extents: int,
    main: int,
) -> bytes:
    """The file: `kinds` of the items from 1 on, their `bodies` in the file's own data (the others lie in `extents` places of
    the coded data), `links` of one to others, the numbers of the `properties` `given` to each.
    """
    idat = places = infos = b""
    for item, name in enumerate(kinds, 1):
        infos += box(b"infe", b"\2\0\0\0" + struct.pack(">HH", item, 0) + name + b"\0")
        body = bodies.get(item, b"")
        if body:
            places += struct.pack(">HHHHII", item, 1, 0, 1, len(idat), len(body))
            idat += body
        else:
            at = CODED_AT + (item - 1) % TILES * len(coded)
            places += struct.pack(">HHHH", item, 0, 0, extents) + struct.pack(">II", at, len(coded)) * extents
    references = b"".join(
        box(name, struct.pack(">HH", start, len(to)) + b"".join(struct.pack(">H", one) for one in to))
        for name, start, to in links
    )
    owned = b"".join(struct.pack(">HB", item, len(own)) + bytes(own) for item, own in given.items())
    meta = [
        box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
        box(b"pitm", bytes(4) + struct.pack(">H", main)),
        box(b"iinf", bytes(4) + struct.pack(">H", len(kinds)) + infos),
        box(b"iref", bytes(4) + references),
        box(
            b"iprp", box(b"ipco", b"".join(properties)) + box(b"ipma", bytes(4) + struct.pack(">I", len(given)) + owned)
        ),
        box(b"idat", idat),
        box(b"iloc", b"\1\0\0\0" + struct.pack(">HH", 0x4400, len(kinds)) + places),
    ]
    brand = b"heic" if codec == "HEIC" else b"avif"
    start = box(b"ftyp", brand + bytes(4) + b"mif1" + brand + b"miaf")
    return start + box(b"mdat", coded * TILES) + box(b"meta", bytes(4) + b"".join(meta))


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    """Rows and columns are one less than there are."""
    return bytes([0, 0, min(rows - 1, 255) % 256, min(columns - 1, 255) % 256]) + struct.pack(">HH", width, height)


def ispe(width: int, height: int) -> bytes:
    return box(b"ispe", bytes(4) + struct.pack(">II", width, height))


def body_of(name: bytes, chance: random.Random) -> bytes:
    if name == b"grid":
        return grid(chance.choice((1, 2, 256)), chance.choice((1, 2, 256)), chance.choice(SIDES), chance.choice(SIDES))
    if name == b"iovl":
        places = b"".join(
            struct.pack(">hh", chance.choice((0, 5, -32_768, 32_767)), 0) for _ in range(chance.choice((1, 9)))
        )
        return bytes(2) + chance.randbytes(8) + struct.pack(">HH", chance.choice(SIDES), chance.choice(SIDES)) + places
    if name in (b"Exif", b"mime"):
        return chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\6Exif\0\0")) + random_tiff(chance)
    return b""


def odd_property(chance: random.Random) -> bytes:
    colours = struct.pack(">HHH", *(chance.choice((0, 1, 2, 9, 12, 16, 18, 65_535)) for _ in range(3)))
    alpha = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
    return chance.choice(
        (
            box(b"irot", bytes([chance.randrange(256)])),
            box(b"imir", bytes([chance.randrange(256)])),
            box(b"clap", struct.pack(">8I", *(chance.choice((1, 1, 64, 128, 0, 2**32 - 1)) for _ in range(8)))),
            box(b"colr", b"nclx" + colours + b"\x80"),
            box(b"colr", chance.choice((b"prof", b"rICC")) + random_profile(chance)),
            box(b"pixi", bytes(4) + bytes([chance.choice((0, 1, 3, 4, 255)), 8, chance.choice((8, 10, 12, 255)), 8])),
            box(b"auxC", bytes(4) + chance.choice((b"urn:mpeg:hevc:2015:auxid:1\0", alpha, b"x"))),
            box(b"pasp", chance.randbytes(8)),
            box(b"hvcC", chance.randbytes(chance.choice((0, 21, 23, 90)))),
            box(b"av1C", chance.randbytes(4)),
            box(
                chance.choice((b"mdcv", b"clli", b"lsel", b"a1op", b"a1lx")),
                chance.randbytes(chance.choice((1, 4, 24))),
            ),
        )
    )


def sequences(chance: random.Random) -> bytes:
    """A film's boxes under a picture's brand, deep inside each other or thousands beside each other."""
    data = base(chance)
    inner = chance.randbytes(chance.choice((0, 20, 400)))
    for _ in range(chance.choice((1, 8, 33, 3000))):
        inner = box(
            chance.choice((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"meta", b"dinf", b"iprp", b"grpl")), inner
        )
        if chance.random() < 0.1:
            inner *= 2
        if len(inner) > 2_000_000:
            break
    at = 8 + int.from_bytes(data[:4], "big") - 8
    return chance.choice((data[:at] + inner + data[at:], data + inner, data[:at] + inner))


FAMILIES = {
    "boxes": tree,
    "boxes of lying sizes": sizes,
    "boxes of lying fields": fields,
    "coded data of boxes": coded_data,
    "items made of items": items,
    "boxes in boxes": sequences,
}
