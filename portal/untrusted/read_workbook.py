"""A process that reads one workbook: `python -m portal.untrusted.read_workbook < file`.

It writes lines of JSON: {"refused": code, "params": {…}}, or {"sheets": [facts]} and then the chunks of
each sheet, [[row number, [text, …]], …]. It knows neither Django nor the database and gets no secret.
"""

import json
import sys
from collections.abc import Iterator

from portal.untrusted import delimited, ods, xls, xlsx
from portal.untrusted.archive import Archive
from portal.untrusted.limits import MB, Refused, confine
from portal.untrusted.sheets import Sheet

MEMORY, SECONDS = 512 * MB, 60
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"


def read(content: bytes) -> list[Sheet]:
    """The sheets of a file, by its content. Raises Refused."""
    if not content.strip(b"\0 \r\n\t"):
        raise Refused("empty")
    if content.startswith(_ZIP):
        return ods.read(content) if ods.CONTENT in Archive(content) else xlsx.read(content)
    return xls.read(content) if content.startswith(_OLE) else delimited.read(content)


def answer(content: bytes) -> Iterator[bytes]:
    """The lines that the process writes."""
    try:
        found = read(content)
    except (Refused, MemoryError, RecursionError) as error:
        refused = error if isinstance(error, Refused) else Refused("too_large")
        yield json.dumps({"refused": refused.code, "params": refused.params}).encode()
        return
    yield json.dumps({"sheets": [sheet.facts for sheet in found]}, ensure_ascii=False).encode("utf-8", "replace")
    for sheet in found:
        yield from sheet.chunks


def main() -> None:
    confine(memory=MEMORY, seconds=SECONDS)
    for line in answer(sys.stdin.buffer.read()):
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    main()
