"""The connection to PostgreSQL, from its address."""

import pytest

from config.service_addresses import database_settings


@pytest.mark.parametrize(
    ("address", "mode"),
    [
        ("postgresql://app:x@db.example.edu.cn/tucai", "verify-full"),
        ("postgresql://app:x@10.0.0.4:5432/tucai", "verify-full"),
        ("postgresql://app:x@10.0.0.4/tucai?sslmode=disable", "disable"),
        ("postgresql://app:x@127.0.0.1/tucai", None),
        ("postgresql://app@/tucai?host=/run/postgresql", None),
    ],
)
def test_over_a_network_the_server_shows_a_certificate(address, mode):
    assert database_settings(address)["OPTIONS"].get("sslmode") == mode
