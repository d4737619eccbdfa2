"""Pages as people read them."""

import html
import re
from typing import Any


def words_of(response: Any) -> str:
    """The text of an answer without its tags, one blank between words: how the markup is laid out does not matter."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())
