from django.apps import AppConfig


class StudentsConfig(AppConfig):
    name = "students"
    verbose_name = "Students"

    def ready(self) -> None:
        from students import tasks  # noqa: F401 - registers the jobs, in the web too
