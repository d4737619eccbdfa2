"""A process that decodes one picture and draws it anew: `python -m capture.upload.read_picture < file`.

It writes a line of JSON, {"refused": code of vision.errors} or {"size": bytes, "width": px, "height": px}, and then the
upright picture as JPEG.
"""

import json
import sys

import cv2
from django.conf import settings

from capture.upload.encoding import encode_upright
from portal.untrusted.limits import MB, confine
from vision.errors import Unreadable
from vision.files.header import read_header
from vision.source import Source, check_size

# 48 MP of a phone take 1.7 s of a slow processor and 330 MB.
MEMORY, CPU_SECONDS = 1200 * MB, 8


def main() -> None:
    settings.configure(USE_I18N=False)  # only the code of a refusal goes out; its sentence is made where it is read
    cv2.setNumThreads(1)
    confine(memory=MEMORY, seconds=CPU_SECONDS, has_threads=True)
    out = sys.stdout.buffer
    data = sys.stdin.buffer.read()
    try:
        header = read_header(data)
        check_size(header)
        upright = encode_upright(Source(data, header))
    except (Unreadable, MemoryError) as error:
        code = error.code if isinstance(error, Unreadable) else "too_many_pixels"
        out.write(json.dumps({"refused": code}).encode() + b"\n")
        return
    answer = {"size": len(upright.jpeg), "width": upright.width, "height": upright.height}
    out.write(json.dumps(answer).encode() + b"\n" + upright.jpeg)


if __name__ == "__main__":
    main()
