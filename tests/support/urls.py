"""The product's addresses. Outside of a page `reverse` gives those of this year's season, which `factories.season` makes."""

from django.utils import timezone

from config.urls import *  # noqa: F403
from config.urls import urlpatterns as without_year
from schools import season_addresses

urlpatterns = list(season_addresses.with_year(without_year, timezone.localdate().year))
