"""Uploaded photos are stored in one form: an upright sRGB JPEG without metadata.

An upright sRGB JPEG keeps its compressed picture bit by bit: only metadata, embedded previews and
bytes after the end are removed, and a missing end marker is added. It is decoded at 1/8 to see that
no picture data are missing. Every other file (turned by EXIF, another colour profile, PNG, WebP,
HEIC, AVIF) is decoded once and encoded at quality 95 without colour subsampling.
"""

import json

from django.utils.translation import gettext as _

from capture.upload.encoding import Normalised, encode_upright
from portal.errors import PortalError
from portal.untrusted import brake, process
from vision.colour import is_srgb
from vision.errors import Unreadable
from vision.files import jpeg_decoding
from vision.files.header import Header, read_header
from vision.files.jpeg_segments import strip
from vision.source import Source, check_size

FASTEST = 8  # all picture data are read at 1/8 too
APART_SECONDS = 20


class NotAPhoto(PortalError):
    """The engine cannot open the file. `code`: a key of vision.errors.SENTENCES."""

    def __init__(self, reason: Unreadable) -> None:
        super().__init__(reason.sentence)
        self.code = reason.code


class TooBig(PortalError):
    status = 413


def normalise(data: bytes, *, max_bytes: int) -> Normalised:
    """The photo in the form in which it is stored. Raises TooBig, NotAPhoto or Busy.

    Only the header is read until width and height are known to be allowed.
    """
    if len(data) > max_bytes:
        raise too_big(max_bytes)
    try:
        return _normalised(data)
    except Unreadable as error:
        raise NotAPhoto(error) from error


def _normalised(data: bytes) -> Normalised:
    if not data:
        raise Unreadable("empty")
    header = read_header(data)
    check_size(header)
    with brake.PHOTOS.held():
        return _checked(strip(data), header) if is_normal(header) else _encode_anew(data, header)


def too_big(max_bytes: int) -> TooBig:
    megabytes = max_bytes // 2**20
    return TooBig(_("The file is too big. Please send a photo of at most %(n)d MB.") % {"n": megabytes})


def is_normal(header: Header) -> bool:
    return header.kind == "jpeg" and header.mode in ("RGB", "L") and header.orientation == 1 and is_srgb(header.icc)


def _checked(jpeg: bytes, header: Header) -> Normalised:
    jpeg_decoding.decode(jpeg, header, FASTEST)
    return Normalised(jpeg, header.width, header.height)


def _encode_anew(data: bytes, header: Header) -> Normalised:
    if header.kind in ("heif", "avif"):
        # Programs more than pictures, pieces derived from pieces: no header says what they will cost.
        return _drawn_apart(data)
    return encode_upright(Source(data, header))


def redrawn(data: bytes, *, max_bytes: int) -> Normalised:
    """The picture of a paper, drawn anew apart, whatever its kind: this process does not even read the header.

    Raises TooBig, NotAPhoto or Busy.
    """
    if len(data) > max_bytes:
        raise too_big(max_bytes)
    try:
        with brake.PHOTOS.held():
            return _drawn_apart(data)
    except Unreadable as error:
        raise NotAPhoto(error) from error


def _drawn_apart(data: bytes) -> Normalised:
    """By a process of its own, which ends when it takes too much."""
    try:
        with process.reading("capture.upload.read_picture", data, seconds=APART_SECONDS, held_by=None) as reader:
            answer = json.loads(reader.line())
            if "refused" in answer:
                raise Unreadable(answer["refused"])
            return Normalised(reader.bytes(answer["size"]), answer["width"], answer["height"])
    except process.Lost as error:
        raise Unreadable("damaged") from error
