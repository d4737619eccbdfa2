"""The file of the accounts for text messages and WeChat: read, or refused with a sentence that says where."""

import pytest

from config import message_channels
from launch.environment import Misconfigured

GOOD = """
[sms]
provider = "tencent"
key_id = "AKID"
key_secret_file = "secret"
app = "1400006666"
signature = "图采"
fen_per_thousand = 4500
[sms.templates.photo_returned]
id = "1234567"
text = "你的照片被退回:{1}"
fields = { "1" = "reason" }
[wechat]
app = "wx1"
secret = "s"
"""


@pytest.fixture
def read(tmp_path):
    (tmp_path / "secret").write_text("hidden\n")

    def call(text):
        path = tmp_path / "channels.toml"
        path.write_text(text)
        return message_channels.read(str(path), is_local=False)

    return call


def test_accounts_and_templates_are_read_and_secrets_come_from_their_file(read):
    found = read(GOOD)
    assert set(found) == {"sms", "wechat"}
    assert (found["sms"]["key_secret"], found["sms"]["fen_per_thousand"]) == ("hidden", "4500")
    assert found["sms"]["templates"]["photo_returned"]["fields"] == {"1": "reason"}
    assert found["wechat"]["templates"] == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[sms]", "[smss]", r"\[smss\]"),
        ('provider = "tencent"', 'provider = "other"', "one of tencent, alibaba"),
        ('app = "1400006666"', "", "SdkAppId"),
        ('signature = "图采"', "", "signature"),
        ("fen_per_thousand = 4500", 'fen_per_thousand = "4.5"', "whole number of fen"),
        ('secret = "s"', 'secret = "s"\ncolour = "red"', "colour"),
        ('id = "1234567"', "", "sms.templates.photo_returned"),
        ('text = "你的照片被退回:{1}"', "", "text"),
        ('key_secret_file = "secret"', 'key_secret_file = "elsewhere"', "cannot be read"),
        ("[wechat]", "[wechat", "no valid TOML"),
    ],
)
def test_what_is_wrong_in_it_is_said(read, old, new, said):
    assert old in GOOD
    with pytest.raises(Misconfigured, match=said):
        read(GOOD.replace(old, new))


def test_the_simulator_is_for_one_machine_alone():
    assert set(message_channels.read("simulator", is_local=True)) == {"sms", "wechat"}
    with pytest.raises(Misconfigured, match="reaches nobody"):
        message_channels.read("simulator", is_local=False)
