"""The file of the payment merchants: read whole, or refused with a sentence."""

import pytest

from config import payment_merchants
from launch.environment import Misconfigured

WECHAT = """
[wechat-2026]
provider = "wechat"
merchant = "1900000109"
app = "wx1"
certificate_serial = "444F"
private_key_file = "key.pem"
api_key = "k"
"""


@pytest.fixture
def written(tmp_path):
    (tmp_path / "key.pem").write_text("-----BEGIN\nlines\n")

    def write(text: str) -> str:
        (tmp_path / "merchants.toml").write_text(text)
        return str(tmp_path / "merchants.toml")

    return write


def test_several_merchants_in_the_order_of_the_file_with_what_their_files_hold(written):
    merchants = payment_merchants.read(written(WECHAT + '[wechat-2025]\nprovider = "simulator"\n'), is_local=True)
    assert list(merchants) == ["wechat-2026", "wechat-2025"]
    assert merchants["wechat-2026"]["private_key"] == "-----BEGIN\nlines"
    assert merchants["wechat-2025"] == {"provider": "simulator"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[wechat", "is no valid TOML"),
        ('[We_Chat]\nprovider = "wechat"', 'names a merchant "We_Chat"'),
        ("[a]\nprovider = 3", "no quoted texts"),
        ('[a]\nprovider = "barter"', "one of simulator, wechat, alipay"),
        (WECHAT.replace('app = "wx1"', ""), "lacks in [wechat-2026]: app"),
        (WECHAT + 'colour = "red"', "something unknown in [wechat-2026]: colour"),
        (WECHAT.replace("key.pem", "nowhere.pem"), "nowhere.pem, which cannot be read"),
        (WECHAT + 'public_key_id = "PUB_KEY_ID_1"', "public_key, public_key_id"),
    ],
)
def test_what_is_not_whole_is_refused_with_a_sentence(written, text, sentence):
    with pytest.raises(Misconfigured) as refused:
        payment_merchants.read(written(text), is_local=True)
    assert sentence in str(refused.value)


def test_in_production_nobody_pays_at_a_simulator(written):
    with pytest.raises(Misconfigured, match="everybody pays without money"):
        payment_merchants.read(written(WECHAT + '[test]\nprovider = "simulator"\n'), is_local=False)
