"""The pinyin of names, without tones: `zhangxiaoming` and its initials `zxm`.

One reading a character, by pypinyin; a family name has its own (单 is shan there, dan elsewhere).
"""

import os
import re
from functools import lru_cache
from typing import Any

from django.db import models

LONGEST = 60  # characters that are stored
# Where a family name is not read as pypinyin reads the character alone.
_FAMILY_NAMES = {
    "曾": "zeng", "单": "shan", "仇": "qiu", "解": "xie", "查": "zha", "翟": "zhai", "区": "ou", "朴": "piao", "盖": "ge",
    "乐": "yue", "重": "chong", "覃": "qin", "缪": "miao", "佴": "nai", "员": "yun", "召": "shao", "种": "chong", "秘": "bi",
    "繁": "po", "么": "yao", "洗": "xian", "牟": "mu", "句": "gou", "折": "she", "祭": "zhai", "薄": "bo", "隗": "wei",
    "阚": "kan", "卜": "bu", "都": "du", "粘": "nian", "适": "kuo", "黑": "he", "郇": "xun", "乜": "nie",
}  # fmt: skip
_TWO_CHARACTERS = {"万俟": ["mo", "qi"], "尉迟": ["yu", "chi"], "澹台": ["tan", "tai"], "乐正": ["yue", "zheng"]}
_parts = re.compile(r"[A-Za-z]+|[^\W\d_]").findall
_is_plain = re.compile(r"[a-z '’.\-]+").fullmatch
_PUNCTUATION = str.maketrans("ü", "v", " '’.-")


@lru_cache(maxsize=8192)
def _reading(char: str) -> str:
    # Phrases would take 44 MB and say nothing about a single character.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(char, errors="ignore"))


def syllables(name: str) -> list[str]:
    """张小明: zhang, xiao, ming. A word in Latin letters is one; a character that nobody reads is left out."""
    if known := _TWO_CHARACTERS.get(name[:2]):
        return known + [_reading(char) for char in name[2:]]
    parts = _parts(name)
    found = [part.lower() if part.isascii() else _reading(part) for part in parts]
    if found and (family := _FAMILY_NAMES.get(parts[0])):
        found[0] = family
    return [syllable for syllable in found if syllable]


def spell(name: str) -> tuple[str, str]:
    """(pinyin, initials) as they are stored."""
    found = syllables(name)
    return "".join(found)[:LONGEST], "".join([syllable[0] for syllable in found])[:LONGEST]


def as_typed(words: str) -> str:
    """Search words as they would be stored; empty when they are no pinyin."""
    words = words.lower().replace("ü", "v")
    return words.translate(_PUNCTUATION) if _is_plain(words) else ""


class SpellingField(models.CharField):
    """Filled from the name whenever a row is saved with this field, in byte order: `prefix` and ORDER BY use the index."""

    def __init__(self, *, initials: bool = False, **options: Any) -> None:
        self.initials = initials
        fixed: dict[str, Any] = {
            "max_length": LONGEST, "default": "", "db_default": "", "editable": False, "blank": True, "db_collation": "C"
        }  # fmt: skip
        super().__init__(**options | fixed)

    def deconstruct(self) -> Any:
        name, path, arguments, _options = super().deconstruct()
        return name, path, arguments, {"initials": True} if self.initials else {}

    def pre_save(self, model_instance: Any, add: bool) -> str:
        value = spell(model_instance.name)[self.initials]
        setattr(model_instance, self.attname, value)
        return value
