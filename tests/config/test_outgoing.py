"""No client of the product follows an answer that leads elsewhere; those of messages: tests/portal/channels."""

from typing import Any

import pytest
import requests

from billing.online.providers.base import ProviderError
from billing.online.providers.exchange import exchange
from capture.sign_in import decoder
from tests.support.message_peers.peer import Peer


@pytest.fixture
def peer():
    found = Peer()
    found.leads_to = f"{found.address}/elsewhere"
    yield found
    found.stop()


def by_a_library(address: str) -> Any:
    with requests.Session() as session:
        return session.post(address, json={"secret": "ours"})


def of_payments(address: str) -> Any:
    return exchange("GET", address, {})


def of_capture_codes(address: str) -> Any:
    return decoder._asked({"address": address, "key": "k", "secret": "s"}, b"{}")


@pytest.mark.parametrize("ask", [by_a_library, of_payments, of_capture_codes])
def test_an_answer_that_leads_elsewhere_is_not_followed(peer, ask):
    with pytest.raises((requests.TooManyRedirects, ProviderError, decoder.DecoderError)):
        ask(peer.address)
    assert set(peer.asked) <= {"/", "/decode"}
