"""manage.py notification_kinds: every kind of notification, what it says, and the values of its templates."""

from typing import Any

from django.core.management.base import BaseCommand

from portal import notification_kinds
from portal.notifications.channels import channels_for


class Command(BaseCommand):
    help = "Print every kind of notification with its group, its values and the channels that carry it."

    def handle(self, *arguments: Any, **options: Any) -> None:
        for name, kind in sorted(notification_kinds.KINDS.items()):
            values = ", ".join(sorted(kind.parameters | {"subject", "body"}))
            channels = ", ".join(channel.name for channel in channels_for(kind))
            self.stdout.write(f"{name} ({notification_kinds.group_of(name)}): {notification_kinds.title_of(name)}")
            self.stdout.write(f"    {values} -> {channels}")
