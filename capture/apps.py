from django.apps import AppConfig


class CaptureConfig(AppConfig):
    name = "capture"
    verbose_name = "Capture"

    def ready(self) -> None:
        # Register how the jobs of this room run, in whichever process makes or retries them.
        from capture.judging import rejudge  # noqa: F401
