"""Pictures of strangers as small JPEGs: opened in a process of its own, many in one, since its start costs more than a
picture.
"""

import json
from collections.abc import Iterator, Sequence

from capture.same_person.picture_archive import RefusedPicture
from portal.untrusted import process

PROGRAM = "capture.same_person.read_pictures"
SECONDS = 90
MOST_LOST = 10  # processes; each may have cost a minute


def normalised(pictures: Sequence[bytes]) -> Iterator[bytes | RefusedPicture]:
    """For each picture a JPEG of at most 480 x 640 px, or why it is refused.

    The picture on which the process is lost is refused; the next ones are read by another process, up to MOST_LOST.
    """
    done = lost = 0
    while done < len(pictures):
        try:
            for answer in _answers(pictures[done:]) if lost < MOST_LOST else ():
                yield answer
                done += 1
        except process.Lost:
            lost += 1
        if done < len(pictures):
            yield RefusedPicture("lost")
            done += 1


def _answers(pictures: Sequence[bytes]) -> Iterator[bytes | RefusedPicture]:
    content = b"".join(len(picture).to_bytes(4, "big") + picture for picture in pictures)
    with process.reading(PROGRAM, content, seconds=SECONDS, held_by=None) as reader:
        for _picture in pictures:
            answer = json.loads(reader.line())
            yield RefusedPicture(answer["refused"]) if "refused" in answer else reader.bytes(answer["size"])
