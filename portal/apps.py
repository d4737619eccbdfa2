from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        # Each room says in these modules what it adds to the kernel.
        autodiscover_modules("permissions", "event_kinds", "notification_kinds", "registration")
