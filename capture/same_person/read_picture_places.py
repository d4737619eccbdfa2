"""A process that reads where the pictures of a workbook stand: `python -m capture.same_person.read_picture_places < file`.

It writes a line of JSON, {"places": [[index of the sheet, row from 1, name of the picture's part], …]} or
{"refused": code}. Pictures lie over the cells (drawings), or in them as WPS Office puts them there (cellimages.xml).
"""

import json
import re
import sys
from collections.abc import Iterator

from portal.untrusted.archive import Archive, Element, Handler, local_name, resolve
from portal.untrusted.limits import MB, Refused, confine

MEMORY, SECONDS = 512 * MB, 60
MAX_PLACES = 60_000
_BOOK = "xl/workbook.xml"
_CELL_IMAGES = "xl/cellimages.xml"
_DISPIMG = re.compile(r'DISPIMG\("([^"]{1,80})"').search


class _Relations(Handler):
    def __init__(self, base: str) -> None:
        self.base, self.found = base, dict[str, str]()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            self.found[attributes.get("Id", "")] = resolve(self.base, attributes.get("Target", "")).lower()


def relations(archive: Archive, part: str) -> dict[str, str]:
    folder, _slash, name = part.rpartition("/")
    path = f"{folder}/_rels/{name}.rels"
    found = _Relations(part)
    if path in archive:
        archive.parse(path, "other", found)
    return found.found


class _Sheets(Handler):
    def __init__(self) -> None:
        self.found: list[str] = []  # ids of relations, in the order of the sheets

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            self.found.append(attributes.get("id", ""))


def _sheets(archive: Archive) -> list[str]:
    sheets, named = _Sheets(), relations(archive, _BOOK)
    archive.parse(_BOOK, "other", sheets)
    return [named.get(each, "") for each in sheets.found]


def places(content: bytes) -> Iterator[tuple[int, int, str]]:
    archive = Archive(content)
    in_cells = dict(_cell_images(archive)) if _CELL_IMAGES in archive else {}
    for index, part in enumerate(_sheets(archive)):
        if part not in archive:
            continue
        for target in relations(archive, part).values():
            if "/drawings/" in target and target.endswith(".xml") and target in archive:
                yield from ((index, row, picture) for row, picture in _anchored(archive, target))
        if in_cells:
            yield from ((index, row, in_cells[key]) for row, key in _displayed(archive, part) if key in in_cells)


def _anchored(archive: Archive, drawing: str) -> Iterator[tuple[int, str]]:
    named = relations(archive, drawing)
    for anchor in archive.children(drawing, "other", frozenset({"wsDr"})):
        start = next((element for element in anchor if local_name(element) == "from"), None)
        row = next((each.text for each in start if local_name(each) == "row"), None) if start is not None else None
        if row and row.isdecimal() and (picture := _picture(anchor, named)):
            yield int(row) + 1, picture


def _picture(element: Element, named: dict[str, str]) -> str:
    for blip in element.iter():
        if local_name(blip) == "blip":
            return next((named.get(value, "") for key, value in blip.attrib.items() if key.endswith("embed")), "")
    return ""


def _cell_images(archive: Archive) -> Iterator[tuple[str, str]]:
    named = relations(archive, _CELL_IMAGES)
    for image in archive.children(_CELL_IMAGES, "other", frozenset({"cellImages"})):
        names = (each.attrib.get("name", "") for each in image.iter() if local_name(each) == "cNvPr")
        if picture := _picture(image, named):
            yield next(names, ""), picture


def _displayed(archive: Archive, part: str) -> Iterator[tuple[int, str]]:
    for element in archive.children(part, "sheets", frozenset({"sheetData"})):
        if local_name(element) == "row":
            for cell in element.iter():
                if found := _DISPIMG(cell.text or ""):
                    yield int(element.attrib.get("r", "0")), found[1]


def main() -> None:
    confine(memory=MEMORY, seconds=SECONDS)
    try:
        found = list(places(sys.stdin.buffer.read()))
        answer = {"places": found} if len(found) <= MAX_PLACES else {"refused": "too_large"}
    except (Refused, MemoryError, RecursionError, ValueError) as error:
        answer = {"refused": error.code if isinstance(error, Refused) else "too_large"}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
