"""The parts of a zip archive, inflated in pieces. What its directory says about sizes is not believed."""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from xml.etree import ElementTree
from xml.parsers import expat

from portal.untrusted.limits import MB, Refused

MAX_PARTS = 2000
# Inflated bytes of one archive. A sheet may be long: a million empty rows that carry a format take some 300 MB.
MAX_SHEETS, MAX_STRINGS, MAX_OTHER = 512 * MB, 96 * MB, 16 * MB
_PIECE = MB // 4
Element = ElementTree.Element
_LOCAL_HEADER = struct.Struct("<4s22xHH")


class Archive:
    """A zip archive by the names of its parts, in any case of letters."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        try:
            with zipfile.ZipFile(BytesIO(content)) as archive:
                parts = archive.infolist()
        except (zipfile.BadZipFile, ValueError, OverflowError, struct.error, NotImplementedError) as error:
            raise Refused("damaged") from error
        self.parts = {part.filename.lower().lstrip("/"): part for part in parts}
        if len(parts) > MAX_PARTS or len(self.parts) != len(parts):
            raise Refused("damaged")
        self.left = {"sheets": MAX_SHEETS, "strings": MAX_STRINGS, "other": MAX_OTHER}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.parts

    def inflate(self, name: str, quota: str) -> Iterator[bytes]:
        """The bytes of a part in pieces of at most 256 KB, taken from a quota: "sheets", "strings" or "other"."""
        part = self.parts.get(name.lower())
        if part is None:
            raise Refused("damaged")
        try:
            for piece in _inflate(self.content, part):
                self.left[quota] -= len(piece)
                if self.left[quota] < 0:
                    raise Refused("too_large")
                yield piece
        except (zlib.error, struct.error) as error:
            raise Refused("damaged") from error

    def parse(self, name: str, quota: str, handler: "Handler") -> None:
        """Run the XML of a part through a handler."""
        parse_xml(self.inflate(name, quota), handler)

    def children(self, name: str, quota: str, containers: frozenset[str]) -> Iterator[Element]:
        """As `iterate_xml`."""
        return iterate_xml(self.inflate(name, quota), containers)


def _inflate(content: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    magic, name_length, extra_length = _LOCAL_HEADER.unpack_from(content, part.header_offset)
    if magic != b"PK\x03\x04" or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("damaged")
    if part.flag_bits & 1:
        raise Refused("password")
    start = part.header_offset + _LOCAL_HEADER.size + name_length + extra_length
    raw = content[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        yield from (raw[at : at + _PIECE] for at in range(0, len(raw), _PIECE))
        return
    stream = zlib.decompressobj(-15)
    while raw and not stream.eof:
        yield stream.decompress(raw, _PIECE)
        raw = stream.unconsumed_tail
    if not stream.eof:
        raise Refused("damaged")


class Handler:
    """What is done with XML. Names of elements and attributes come without their namespace."""

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def data(self, text: str) -> None: ...


class Finished(Exception):
    """Raised by a handler that has seen enough."""


def parse_xml(pieces: Iterator[bytes], handler: Handler) -> None:
    """Run XML through a handler, with no entities and no document type.

    Any prefix, and any encoding that expat knows. Raises Refused for what is no XML.
    """
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    local: dict[str, str] = {}

    def name_of(name: str) -> str:
        found = local.get(name)
        if found is None:
            found = name.rpartition("}")[2]
            if len(local) < 10_000:
                local[name] = found
        return found

    def start(name: str, attributes: list[str]) -> None:
        named = {name_of(attributes[i]): attributes[i + 1] for i in range(0, len(attributes), 2)}
        handler.start(local.get(name) or name_of(name), named)

    def end(name: str) -> None:
        handler.end(local.get(name) or name_of(name))

    parser.ordered_attributes = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = handler.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except Finished:
        return
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Refused("damaged") from error


def iterate_xml(pieces: Iterator[bytes], containers: frozenset[str]) -> Iterator[Element]:
    """The children of the containers of an XML part, as they are complete; each is dropped after its turn.

    As `parse_xml`, by elements that C builds: several times as fast. A container is the root or its child.
    """
    builder = ElementTree.TreeBuilder()
    top = builder.start("top", {})  # what the parser builds is reachable below it, before it ends
    parser = ElementTree.XMLParser(target=builder)  # noqa: S314 - no document type, so no entities; bounded bytes
    prolog = expat.ParserCreate()
    prolog.StartDoctypeDeclHandler, prolog.StartElementHandler = _refuse_doctype, _finish
    is_prolog = True
    try:
        for piece in pieces:
            if is_prolog:  # a document type stands before the first element
                try:
                    prolog.Parse(piece, False)
                except Finished:
                    is_prolog = False
            parser.feed(piece)
            yield from _complete(top, containers, keep=1)
        builder.end("top")
        parser.close()
    except (ElementTree.ParseError, expat.ExpatError, ValueError, LookupError) as error:
        raise Refused("damaged") from error
    yield from _complete(top, containers, keep=0)


def _complete(top: Element, containers: frozenset[str], *, keep: int) -> Iterator[Element]:
    """Take the children out of the containers, but for the last `keep`, which may be incomplete."""
    for root in list(top):
        for container in (root, *root):
            if local_name(container) in containers:
                count = len(container) - keep
                if count > 0:
                    yield from container[:count]
                    del container[:count]


def local_name(element: Element) -> str:
    """The name without its namespace."""
    return element.tag[element.tag.rfind("}") + 1 :]


def _finish(*_element: object) -> None:
    raise Finished


def _refuse_doctype(*_declaration: object) -> None:
    raise Refused("damaged")


def resolve(base: str, target: str) -> str:
    """The name of the part that a relation of the part `base` points to."""
    path = target if target.startswith("/") else posixpath.join(posixpath.dirname(base), target)
    return posixpath.normpath(path).lstrip("/")
