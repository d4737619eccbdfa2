import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError


@pytest.mark.parametrize("name", ["", "simulator"])
def test_an_offered_way_to_pay_or_none_is_right(settings, name):
    settings.PAYMENT_PROVIDER = name
    call_command("check", "billing")


def test_an_unknown_way_to_pay_is_said_to_the_operator(settings):
    settings.PAYMENT_PROVIDER = "barter"
    with pytest.raises(SystemCheckError, match="does not offer"):
        call_command("check", "billing")
