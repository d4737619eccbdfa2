import gc

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules

from portal.database import rights


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def import_models(self) -> None:
        # This is the first app. What is loaded from here on stays; to look for garbage among it took a sixth of each start.
        gc.disable()
        super().import_models()

    def ready(self) -> None:
        post_migrate.connect(rights.install, sender=self)
        # Each room says in these modules what it adds to the kernel.
        autodiscover_modules("permissions", "event_kinds", "notification_kinds", "registration")
        gc.freeze()  # nor is it looked through later on, and the workers of a fork share it
        gc.enable()
