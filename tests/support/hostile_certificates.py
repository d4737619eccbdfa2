"""OpenPGP certificates of the registry, and what becomes of them in hostile hands. The same seed gives the same changes; the
keys are drawn anew in each run.
"""

import base64
from collections.abc import Callable, Iterator
from functools import lru_cache
from random import Random

import pysequoia

from tests.support.hostile_papers import BYTES, Change, Sample, changed

HEAD, FOOT = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n", "\n-----END PGP PUBLIC KEY BLOCK-----\n"
USER, SIGNATURE, SUBKEY, MARKER, COMPRESSED, PADDING = 13, 2, 14, 10, 8, 21  # kinds of packets


@lru_cache
def good() -> bytes:
    return str(_drawn("Registry <registry@example.org>").extract_certificate()).encode()


def _drawn(person: str) -> pysequoia.Tsk:
    return pysequoia.Tsk.generate(person)


def packets_of(text: bytes) -> bytes:
    lines = text.decode().replace("\r", "").split("\n\n", 1)[1].split("-----END")[0].split()
    return base64.b64decode("".join(line for line in lines if not line.startswith("=")))


def armoured(packets: bytes) -> bytes:
    text = base64.b64encode(packets).decode()
    return (HEAD + "\n".join(text[at : at + 64] for at in range(0, len(text), 64)) + FOOT).encode()


def packet(kind: int, content: bytes) -> bytes:
    return bytes([0xC0 | kind, 0xFF]) + len(content).to_bytes(4, "big") + content


def _inside(change: Change) -> Change:
    """The packets themselves, so that the damage reaches who reads them."""
    return lambda data, chance: armoured(change(packets_of(data), chance))


def _many(data: bytes, chance: Random) -> bytes:
    """Packets of one kind without end."""
    content = chance.choice((b"x", b"<b>" * 20, "名".encode() * 50, bytes(300)))
    kind = chance.choice((USER, SIGNATURE, SUBKEY, MARKER, PADDING, 17, 60))
    return armoured(packets_of(data) + packet(kind, content) * (40_000 // (len(content) + 6)))


def _repeated(data: bytes, chance: Random) -> bytes:
    """The certificate's own packets, again and again: each signature is looked at."""
    packets = packets_of(data)
    start = chance.randrange(len(packets) // 2)
    return armoured(packets + packets[start:] * chance.choice((2, 10, 40)))


def _lengths(data: bytes, chance: Random) -> bytes:
    """Packets that say they are longer than all memory."""
    kind, size = chance.choice((USER, SIGNATURE, SUBKEY, COMPRESSED)), chance.choice((2**31, 2**32 - 1, 0))
    head = bytes([0xC0 | kind]) + chance.choice((b"\xff" + size.to_bytes(4, "big"), b"\xfe", b"\xef" * 20))
    return armoured(packets_of(data) + head + b"x" * 100)


def _private(data: bytes, chance: Random) -> bytes:
    """The private key, under its own name or under that of a public one."""
    text = str(_drawn("Somebody <x@example.org>"))
    return (text if chance.random() < 0.5 else text.replace("PRIVATE", "PUBLIC")).encode()


def _several(data: bytes, chance: Random) -> bytes:
    other = packets_of(str(_drawn("Another <y@example.org>").extract_certificate()).encode())
    return armoured(packets_of(data) + other) if chance.random() < 0.5 else data + armoured(other)


def _text(data: bytes, chance: Random) -> bytes:
    """No certificate at all, and headers without end."""
    pieces = (b"-----BEGIN PGP ", b"Comment: x\n" * 3000, b"=" * 4000, b"\0", "密钥".encode(), b"-" * 50_000, data[:40])
    return b"".join(chance.choice(pieces) for _ in range(4))[:60_000]


CHANGES: dict[str, Change] = BYTES | {f"packets {name}": _inside(change) for name, change in BYTES.items()}
CHANGES |= {"many": _many, "repeated": _repeated, "lengths": _lengths, "private": _private, "several": _several}
CHANGES |= {"text": _text}


def certificates(seed: int, number: int) -> Iterator[Sample]:
    families: list[tuple[str, Callable[[bytes, Random], bytes]]] = list(CHANGES.items())
    for n in range(number):
        name, change = families[n % len(families)]
        yield changed(f"certificate {name}: {n}", good, change, f"{seed} {n}", inside=False)
