"""QR codes on pages."""

import segno
from django.utils.safestring import SafeString, mark_safe


def png_address(text: str) -> str:
    """A data address of the code as a picture that can be saved."""
    return str(segno.make(text, error="m", micro=False).png_data_uri(scale=6, border=4))


def svg(text: str) -> SafeString:
    """Black on white in both themes: phones read no inverted code."""
    return mark_safe(segno.make(text, error="m", micro=False).svg_inline(scale=6, border=4, light="#fff", dark="#000"))
