"""Chinese unless somebody chooses otherwise: a browser's own language does not decide for a Chinese authority's portal."""

from typing import Any

from django.conf import settings
from django.dispatch import Signal
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

# Sent with `request` and `language` when somebody uses the switch: whoever keeps signed-in people remembers it for them.
chosen_by_switch = Signal()


class ChosenLanguage(LocaleMiddleware):
    """The language of the switch (a cookie), else the default; programs may ask by Accept-Language."""

    def process_request(self, request: Any) -> None:
        if request.path.startswith("/api/"):
            super().process_request(request)
            return
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        known = chosen in dict(settings.LANGUAGES)
        translation.activate(chosen if known else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()
