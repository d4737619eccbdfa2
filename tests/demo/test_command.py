"""The demo's accounts have passwords that everybody knows."""

import pytest
from django.core.management import CommandError, call_command

from portal.models import User


@pytest.mark.django_db
def test_demo_stays_out_of_production(settings):
    settings.IS_LOCAL = False
    with pytest.raises(CommandError, match="not in production"):
        call_command("demo")
    assert not User.objects.exists()
