from django.apps import AppConfig


class YearEndConfig(AppConfig):
    name = "year_end"
    verbose_name = "Year end"
