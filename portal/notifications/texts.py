"""The center's own words for a kind of notification, in place of the built-in ones."""

import re

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from portal import history
from portal.errors import PortalError
from portal.models import NotificationText, User
from portal.notification_kinds import Letter, NotificationKind, Texts, as_written

PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")


def load() -> Texts:
    """All of them, in one query."""
    rows = NotificationText.objects.values_list("kind", "language", "subject", "body")
    return {(kind, language): (subject, body) for kind, language, subject, body in rows}


def built_in(kind: NotificationKind, language: str) -> tuple[str, str]:
    """Subject and body with placeholders as the center writes them: `%(n)s` for each."""
    with translation.override(language):
        return as_written(kind, kind.subject), as_written(kind, kind.body)


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


def sample(kind: NotificationKind, subject: str, body: str) -> Letter:
    """The text with the name of each placeholder in its place."""
    names = {name: f"‹{name}›" for name in kind.parameters}
    return Letter(" ".join((subject % names).split()), (body % names).strip())


def save(kind: NotificationKind, language: str, *, subject: str, body: str, by: User) -> None:
    """The center's text from now on, also of messages that wait or were told already. Raises PortalError."""
    check(kind, subject, body)
    with transaction.atomic():
        values = {"subject": subject.strip(), "body": body.strip(), "updated_by": by}
        row, _made = NotificationText.objects.update_or_create(kind=kind.name, language=language, defaults=values)
        history.record("notificationtext.changed", row, by=by, facts={"kind": kind.name, "language": language})


def remove(kind: NotificationKind, language: str, *, by: User) -> None:
    """Back to the built-in text."""
    with transaction.atomic():
        for row in NotificationText.objects.filter(kind=kind.name, language=language):
            history.record("notificationtext.removed", row, by=by, facts={"kind": kind.name, "language": language})
            row.delete()
