"""Errors whose message is shown to the user."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _


class PortalError(Exception):
    """The user cannot do this, or not now.

    `str(error)` says what is wrong and what to do next; `status` is for HTTP.
    """

    status = 400
    headers: Mapping[str, str] = {}

    def __init__(self, sentence: object = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


class Conflict(PortalError):
    """The row has changed since the page was loaded."""

    status = 409

    def __init__(
        self, sentence: object = _("This has changed in the meantime. Reload the page and look again.")
    ) -> None:
        super().__init__(sentence)


class InvalidForm(PortalError):
    """A form is not valid.

    `portal.access` shows it again, with what was typed and the errors at the fields.
    """

    def __init__(self, form: Any) -> None:
        super().__init__(" ".join(str(error) for errors in form.errors.values() for error in errors))
        self.form = form


class NotAllowed(PortalError):
    status = 403


class RateLimited(PortalError):
    """Rate limit reached."""

    status = 429


class MailNotTaken(PortalError):
    """The mail server refused, or does not answer, where what is done needs the mail."""

    status = 503

    def __init__(self) -> None:
        super().__init__(_("The mail server did not take the mail, so nothing was changed. Try again later."))
