"""The second before the shutter as a few small JPEG frames: read strictly, and kept as one piece of bytes.

A film is a line of JSON, `{"frames": [{"at": ms before the shutter, "size": bytes}, ...]}`, and then the frames one
after the other, the oldest first. It comes from a browser, so nothing in it is believed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from vision.errors import Unreadable
from vision.files import jpeg_decoding
from vision.files.header import read_header

LEAST, MOST = 3, 12  # frames
MAX_SIDE, MIN_SIDE = 320, 96  # px
MAX_BYTES = 200_000
MAX_LINE = 2000
LONGEST = 5000  # ms before the shutter


class NotAFilm(Exception):
    """What was sent is no film; why, in a few words for the log."""


@dataclass(frozen=True)
class Frame:
    """`at`: ms before the shutter."""

    at: int
    jpeg: bytes


def pack(frames: Sequence[Frame]) -> bytes:
    facts = [{"at": frame.at, "size": len(frame.jpeg)} for frame in frames]
    return json.dumps({"frames": facts}).encode() + b"\n" + b"".join(frame.jpeg for frame in frames)


def read(data: bytes) -> list[Frame]:
    """The frames in their order, each a whole upright JPEG of the first one's size. Raises NotAFilm."""
    if len(data) > MAX_BYTES:
        raise NotAFilm("too many bytes")
    line, _, _ = data[: MAX_LINE + 1].partition(b"\n")
    if len(line) > MAX_LINE or len(line) == len(data[: MAX_LINE + 1]):
        raise NotAFilm("no first line")
    facts = _facts(line)
    pictures = data[len(line) + 1 :]
    if sum(fact["size"] for fact in facts) != len(pictures):
        raise NotAFilm("sizes do not fit")
    frames, start = [], 0
    for fact in facts:
        frames.append(Frame(fact["at"], pictures[start : start + fact["size"]]))
        start += fact["size"]
    if any(one.at < other.at for one, other in pairwise(frames)):
        raise NotAFilm("frames out of order")
    pixels(frames)
    return frames


def _facts(line: bytes) -> list[dict[str, Any]]:
    try:
        given = json.loads(line)["frames"]
        facts = [{"at": fact["at"], "size": fact["size"]} for fact in given]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotAFilm("unreadable first line") from error
    whole = all(type(fact[name]) is int for fact in facts for name in ("at", "size"))
    if not whole or not LEAST <= len(facts) <= MOST:
        raise NotAFilm("wrong number of frames")
    for fact in facts:
        if not (0 <= fact["at"] <= LONGEST and 0 < fact["size"] <= MAX_BYTES):
            raise NotAFilm("a number out of its range")
    return facts


def pixels(frames: Sequence[Frame]) -> list[np.ndarray]:
    """The frames as RGB. Raises NotAFilm."""
    found: list[np.ndarray] = []
    for frame in frames:
        try:
            header = read_header(frame.jpeg)
            sides = (header.width, header.height)
            if header.kind != "jpeg" or header.mode != "RGB" or header.orientation != 1:
                raise NotAFilm("a frame is no plain JPEG")
            if not (min(sides) >= MIN_SIDE and max(sides) <= MAX_SIDE):
                raise NotAFilm("a frame of another size")
            picture = jpeg_decoding.decode(frame.jpeg, header, 1)
        except Unreadable as error:
            raise NotAFilm(f"a frame is {error.code}") from error
        if found and picture.shape != found[0].shape:
            raise NotAFilm("frames of several sizes")
        found.append(picture)
    return found
