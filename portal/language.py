"""The language of a page: Chinese unless the person has chosen another.

The browser's language is ignored.
"""

from typing import Any

from django.conf import settings
from django.dispatch import Signal
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

# Sent with `request` and `language` when a person chooses a language; rooms save it for their own
# signed-in people.
chosen_by_switch = Signal()


class ChosenLanguage(LocaleMiddleware):
    """Activates the language of the cookie, else the default.

    For the API, Accept-Language decides.
    """

    def process_request(self, request: Any) -> None:
        if request.path.startswith("/api/"):
            super().process_request(request)
            return
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        known = chosen in dict(settings.LANGUAGES)
        translation.activate(chosen if known else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()
