import pytest

from portal.accounts import addresses


@pytest.mark.parametrize(
    ("meta", "proxies", "address"),
    [
        ({"REMOTE_ADDR": "192.0.2.5"}, 0, "192.0.2.5"),
        ({"REMOTE_ADDR": "192.0.2.5", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, 0, "192.0.2.5"),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.9"}, 1, "203.0.113.9"),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.9, 10.0.0.7"}, 2, "203.0.113.9"),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "rubbish"}, 1, "0.0.0.0"),
        ({"REMOTE_ADDR": "2001:db8:1:2:3:4:5:6"}, 0, "2001:db8:1:2::"),
        ({"REMOTE_ADDR": ""}, 0, "0.0.0.0"),
    ],
)
def test_address_is_believed_as_far_as_the_proxies(settings, meta, proxies, address):
    settings.TRUSTED_PROXIES = proxies
    assert addresses.address_of(meta) == address


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.5", "192.0.2.77", True),
        ("192.0.2.5", "192.0.3.5", False),
        ("2001:db8:1:2::", "2001:db8:1:3::", True),
        ("2001:db8:1:2::", "2001:db8:2:2::", False),
    ],
)
def test_a_place_is_the_network_around_an_address(one, other, same):
    assert (addresses.place_of(one) == addresses.place_of(other)) is same
