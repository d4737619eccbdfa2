"""A process that reads one workbook: `python -m portal.untrusted.read_workbook < file`.

It writes lines of JSON: {"refused": code, "params": {…}}, or {"sheets": [facts]} and then the chunks of
each sheet, [[row number, [text, …]], …]. It knows neither Django nor the database and gets no secret.
"""

import json
import sys

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


def _read_within_memory(content: bytes) -> list[Sheet]:
    try:
        return read(content)
    except (MemoryError, RecursionError) as error:
        raise Refused("too_large") from error


def main() -> None:
    confine(memory=MEMORY, seconds=SECONDS)
    out = sys.stdout.buffer
    try:
        found = _read_within_memory(sys.stdin.buffer.read())
    except Refused as refused:
        out.write(json.dumps({"refused": refused.code, "params": refused.params}).encode() + b"\n")
        return
    facts = {"sheets": [sheet.facts for sheet in found]}
    out.write(json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    for sheet in found:
        for chunk in sheet.chunks:
            out.write(chunk + b"\n")


if __name__ == "__main__":
    main()
