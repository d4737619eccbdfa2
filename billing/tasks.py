"""The periodic tasks of billing. Their times are in config/celery.py."""

from celery import shared_task

from billing import fee_accounts, orders
from portal.tenancy import system_scope
from schools.models import Season


@shared_task
def close_unpaid() -> None:
    orders.close_unpaid()


@shared_task
def post_charges() -> None:
    season = Season.objects.current()
    if season:
        with system_scope():
            fee_accounts.post_season_charges(season)
