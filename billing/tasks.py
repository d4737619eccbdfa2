"""What the timetable calls."""

from celery import shared_task

from billing import accounts, orders
from schools.models import Season
from schools.tenancy import center_scope


@shared_task
def close_unpaid() -> None:
    orders.close_unpaid()


@shared_task
def bring_accounts_up_to_date() -> None:
    season = Season.objects.current()
    if season:
        with center_scope():
            accounts.bring_season_up_to_date(season)
