"""What the timetable calls."""

from celery import shared_task

from billing import fee_accounts, orders
from portal.tenancy import system_scope
from schools.models import Season


@shared_task
def close_unpaid() -> None:
    orders.close_unpaid()


@shared_task
def bring_accounts_up_to_date() -> None:
    season = Season.objects.current()
    if season:
        with system_scope():
            fee_accounts.bring_season_up_to_date(season)
