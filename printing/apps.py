from django.apps import AppConfig


class PrintingConfig(AppConfig):
    name = "printing"
    verbose_name = "Printing"

    def ready(self) -> None:
        # Register how the jobs of this room run, in whichever process makes or retries them.
        from printing import print_runs  # noqa: F401
