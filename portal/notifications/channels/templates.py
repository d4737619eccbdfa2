"""The templates that a provider has approved, as the operator entered them for a kind of notification."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop

from portal.notification_kinds import Letter, NotificationKind
from portal.notifications.channels.base import DeliveryError

NOT_SET_UP = gettext_noop("The operator has not entered a template for this kind of message.")
UNKNOWN_VALUE = gettext_noop("The operator's template asks for something that this message does not have.")


def credentials(channel: str) -> Mapping[str, Any]:
    """Empty when the channel is not set up."""
    found: Mapping[str, Any] = settings.MESSAGE_CHANNELS.get(channel, {})
    return found


def is_simulated(channel: str) -> bool:
    """Whether what goes by the channel is only shown, on a machine for a first try (config/message_channels.py)."""
    return credentials(channel).get("provider") == "simulator"


def has_template(channel: str, kind: NotificationKind) -> bool:
    return is_simulated(channel) or kind.name in credentials(channel).get("templates", {})


def fill(channel: str, letter: Letter) -> tuple[str, dict[str, str], str]:
    """(id, {place: text}, the provider's text) for a letter. Raises DeliveryError."""
    if is_simulated(channel):
        return "simulator", {"1": letter.subject}, "{1}"
    template = credentials(channel).get("templates", {}).get(letter.kind)
    if template is None:
        raise DeliveryError(NOT_SET_UP, permanent=True)
    values = dict(letter.values) | {"subject": letter.subject, "body": letter.body}
    try:
        places = {place: " ".join(values[name].split()) for place, name in template["fields"].items()}
    except KeyError as error:
        raise DeliveryError(UNKNOWN_VALUE, permanent=True) from error
    return template["id"], places, template.get("text", "")


def shorten(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
