"""Addresses as pages name them: with the year of `factories.season`."""

from django.utils import timezone

from schools import season_addresses


def dated(path: str) -> str:
    """/school/roster/ with this year in it."""
    return season_addresses.in_year(path, timezone.localdate().year)
