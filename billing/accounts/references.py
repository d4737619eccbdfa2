"""The reference that a school writes in the remark of its transfer: it names the account, and tells a typing error.

`TC` + two digits of the season's year + the school's code + two check digits, `TC221028473`. The check digits are those
of ISO 7064 MOD 97-10, as in the creditor reference of ISO 11649: one wrong character, and two that changed places, never
give another valid reference.
"""

import re
import unicodedata

PREFIX = "TC"
_SHAPE = re.compile(r"TC(\d{2})([0-9A-Z]+?)(\d{2})")


def reference_of(year: int, school_code: str) -> str:
    """The reference of a school's account of a season. `school_code` counts by its letters and digits."""
    body = f"{PREFIX}{year % 100:02d}{_plain(school_code)}"
    return f"{body}{98 - _value(body + '00') % 97:02d}"


def is_valid(reference: str) -> bool:
    """Whether the check digits are right. Spaces, dashes, full-width and small letters count as typed plainly."""
    plain = _plain(reference)
    return bool(_SHAPE.fullmatch(plain)) and _value(plain) % 97 == 1


def _plain(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())


def _value(plain: str) -> int:
    return int("".join(str(int(character, 36)) for character in plain))
