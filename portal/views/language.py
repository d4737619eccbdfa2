"""Choosing the language."""

from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from django.views.i18n import set_language

from portal.language import chosen_by_switch
from portal.models import User


def choose(request: Any) -> HttpResponseBase:
    """Set the cookie.

    For a person who is signed in, also save it as the language of notifications.
    """
    language = request.POST.get("language", "")
    if request.method == "POST" and language in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=language)
        chosen_by_switch.send(sender=None, request=request, language=language)
    return set_language(request)
