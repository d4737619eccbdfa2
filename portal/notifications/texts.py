"""The center's own words for a kind of notification, in place of the built-in ones."""

import re

from django.utils import translation
from django.utils.translation import gettext as _

from portal.errors import PortalError
from portal.models import NotificationText
from portal.notification_kinds import NotificationKind, Texts

PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")


def load() -> Texts:
    """All of them, in one query."""
    rows = NotificationText.objects.values_list("kind", "language", "subject", "body")
    return {(kind, language): (subject, body) for kind, language, subject, body in rows}


def built_in(kind: NotificationKind, language: str) -> tuple[str, str]:
    """Subject and body with placeholders as the center writes them: `%(n)s` in place of `%(n)d`."""
    with translation.override(language):
        return _as_text(kind.subject), _as_text(kind.body)


def _as_text(template: object) -> str:
    return re.sub(r"%\((\w+)\)d", r"%(\1)s", str(template))


def check(kind: NotificationKind, subject: str, body: str) -> None:
    """Raise PortalError with a sentence when a text cannot be filled in."""
    if not subject.strip():
        raise PortalError(_("Please write a subject."))
    for text in (subject, body):
        named = {name for name in PLACEHOLDER.findall(text) if name}
        unknown = sorted(named - kind.parameters)
        if unknown:
            known = ", ".join(f"%({name})s" for name in sorted(kind.parameters)) or "–"
            raise PortalError(
                _("There is no placeholder %(wrong)s in this message. Known are: %(known)s")
                % {"wrong": f"%({unknown[0]})s", "known": known}
            )
        if "%" in PLACEHOLDER.sub("", text):
            raise PortalError(_("A percent sign begins a placeholder. Write it twice for the sign itself."))
