"""The file of the real-name services: read in its order, or refused with a sentence that says where."""

import pytest

from config import real_name_services
from launch.environment import Misconfigured

GOOD = """
[tencent]
key_id = "AKID"
key_secret_file = "secret"
fen_per_check = 60
per_day = 3000
[alibaba]
key_id = "LTAI"
key_secret = "s"
fen_per_check = 50
per_day = 10
face = "1000000006"
fen_per_face = 150
"""


@pytest.fixture
def read(tmp_path):
    (tmp_path / "secret").write_text("hidden\n")

    def call(text):
        path = tmp_path / "services.toml"
        path.write_text(text)
        return real_name_services.read(str(path), is_local=False)

    return call


def test_accounts_are_read_in_their_order_and_secrets_come_from_their_file(read):
    found = read(GOOD)
    assert list(found) == ["tencent", "alibaba"]
    assert (found["tencent"]["key_secret"], found["tencent"]["per_day"]) == ("hidden", 3000)
    assert "face" not in found["tencent"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[tencent]", "[baidu]", r"\[baidu\]"),
        ("per_day = 3000", "", "per_day"),
        ("fen_per_face = 150", "", "fen_per_face"),
        ("fen_per_check = 60", 'fen_per_check = "0.6"', "whole number as fen_per_check"),
        ('face = "1000000006"', 'face = "one"', "SceneId"),
        ('key_secret = "s"', 'key_secret = "s"\ncolour = "red"', "colour"),
        ('key_secret = "s"', 'key_secret = "s"\naddress = "http://cloud.test"', "https://"),
        ('key_secret_file = "secret"', 'key_secret_file = "elsewhere"', "cannot be read"),
    ],
)
def test_what_is_wrong_in_it_is_said(read, old, new, said):
    assert old in GOOD
    with pytest.raises(Misconfigured, match=said):
        read(GOOD.replace(old, new))


def test_the_simulator_is_for_one_machine_alone():
    assert set(real_name_services.read("simulator", is_local=True)) == {"simulator"}
    with pytest.raises(Misconfigured, match="says yes to everybody"):
        real_name_services.read("simulator", is_local=False)
