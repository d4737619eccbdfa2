from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules

from portal.database import rights


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        post_migrate.connect(rights.install, sender=self)
        # Each room says in these modules what it adds to the kernel.
        autodiscover_modules("permissions", "event_kinds", "notification_kinds", "registration")
