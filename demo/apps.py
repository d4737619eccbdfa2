from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "demo"
    verbose_name = "Demo"

    def ready(self) -> None:
        # Registers how the demo's job runs, in whichever process makes or retries it.
        from demo import story  # noqa: F401
