"""A process that opens pictures of strangers: `python -m capture.same_person.read_pictures < file`.

It reads pictures, each after its length (4 bytes, big-endian), and writes for each a line of JSON, {"refused": code} or
{"size": bytes}, followed by the upright picture as JPEG of at most 480 x 640 px.
"""

import json
import struct
import sys
from io import BytesIO

from PIL import Image, ImageOps

from portal.untrusted.limits import MB, confine

MEMORY, CPU_SECONDS = 700 * MB, 60
MAX_PIXELS, LEAST_SIDE = 24_000_000, 60
KEPT = (480, 640)
QUALITY = 88
# A damaged picture makes Pillow raise nearly any error. One that escapes would cost a process.
PARSE_ERRORS = (
    *(OSError, ValueError, SyntaxError, MemoryError, EOFError, LookupError, TypeError, ArithmeticError, AttributeError),
    *(RuntimeError, struct.error, Image.DecompressionBombError),
)


def main() -> None:
    Image.init()
    confine(memory=MEMORY, seconds=CPU_SECONDS)
    data, out = sys.stdin.buffer.read(), sys.stdout.buffer
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        answer = _answer(data[at + 4 : at + 4 + length])
        at += 4 + length
        if isinstance(answer, str):
            out.write(json.dumps({"refused": answer}).encode() + b"\n")
        else:
            out.write(json.dumps({"size": len(answer)}).encode() + b"\n" + answer)
        out.flush()


def _answer(data: bytes) -> bytes | str:
    """The picture, or the code of why it is refused."""
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                return "too_large"
            if min(width, height) < LEAST_SIDE:
                return "too_small"
            image.draft("RGB", (KEPT[0] * 2, KEPT[1] * 2))
            upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail(KEPT)
        kept = BytesIO()
        upright.save(kept, "JPEG", quality=QUALITY)
    except PARSE_ERRORS:
        return "no_picture"
    return kept.getvalue()


if __name__ == "__main__":
    main()
