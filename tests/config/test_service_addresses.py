"""The connections to PostgreSQL and Redis, from their addresses."""

from urllib.parse import urlsplit

import pytest
import redis
from celery import Celery
from django.conf import settings
from kombu.exceptions import OperationalError

from config.service_addresses import database_settings, verified
from tests.support.tls_gate import tls_gate


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


def by_the_cache(address):
    with redis.Redis.from_url(address) as client:
        client.ping()


def by_celery(address):
    with Celery(broker=address).connection() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)


@pytest.mark.parametrize("ask", [by_the_cache, by_celery])
@pytest.mark.parametrize("name", ["127.0.0.1", "another.example"])
def test_redis_shows_a_certificate_for_its_name(ask, name, tmp_path):
    """Celery believes any certificate unless the address says otherwise."""
    own = urlsplit(settings.REDIS_URL)
    server = own.path if own.scheme == "unix" else (own.hostname, own.port)
    with tls_gate(tmp_path, server, name=name) as gate:
        password = f":{own.password}@" if own.password else ""
        address = f"rediss://{password}127.0.0.1:{gate.port}/0"
        with pytest.raises((redis.ConnectionError, OperationalError), match="certificate verify failed"):
            ask(verified(address))
        known = verified(f"{address}?ssl_ca_certs={gate.authority}")
        if name == "127.0.0.1":
            ask(known)
        else:
            with pytest.raises((redis.ConnectionError, OperationalError), match="mismatch"):
                ask(known)


def test_who_asks_for_less_gets_it():
    address = "rediss://cache.example.edu.cn/0?ssl_cert_reqs=none"
    assert verified(address) == address
    assert verified("redis://127.0.0.1/0") == "redis://127.0.0.1/0"
