"""JSON that strangers send: what is not understood, or could not be stored, is a 400."""

import json
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError


class UnreadableJson(ValueError):
    """The text is no JSON, is nested too deeply, or holds half of a surrogate pair."""


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises UnreadableJson.

    Half a surrogate pair ("\\ud800") is a string of Python, but of no database and no protocol.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:  # UnicodeError is a ValueError
        raise UnreadableJson(str(error)) from error
    return value


def _refuse_constant(name: str) -> None:
    raise UnreadableJson(f"{name} is no JSON")


class JSONParser(parsers.JSONParser):
    """The parser of every API view."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return read_json(stream.read())
        except UnreadableJson as error:
            raise ParseError(_("The body is no JSON that can be read.")) from error
