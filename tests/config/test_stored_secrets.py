"""Keys of production are given and strong; a first try on one machine draws its own."""

import pytest

from config.stored_secrets import numbered_keys, stored_secret, token_if_set
from launch.environment import Misconfigured

RANDOM = "jT8v/2q0XbLwZr5uYkE1dM9sHc7nAiGf"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", "ID_NUMBER_KEY is not set. Make it with openssl rand -base64 48"),
        (RANDOM[:31], "A key of ID_NUMBER_KEY is short, or it is an example."),
        ("b" * 60, "A key of ID_NUMBER_KEY is short"),
        (f"CHANGE-ME-{RANDOM}", "A key of ID_NUMBER_KEY is short"),
        (f"2:{RANDOM},1:0123456789abcdefghijklmnopqrstuvwxyz", "A key of ID_NUMBER_KEY is short"),
    ],
)
def test_production_does_not_start_without_a_strong_key(given, sentence, tmp_path, monkeypatch):
    monkeypatch.setenv("ID_NUMBER_KEY", given)
    with pytest.raises(Misconfigured, match=sentence.replace(".", r"\.")):
        stored_secret("ID_NUMBER_KEY", tmp_path, is_local=False)
    assert list(tmp_path.iterdir()) == []


def test_production_takes_a_strong_key(tmp_path, monkeypatch):
    monkeypatch.setenv("ID_NUMBER_KEY", f"2:{RANDOM},1:{RANDOM[::-1]}")
    assert stored_secret("ID_NUMBER_KEY", tmp_path, is_local=False).startswith("2:")


@pytest.mark.parametrize("given", ["tok", "b" * 60, f"CHANGE-ME-{RANDOM}"])
def test_a_token_may_be_missing_and_not_weak(given, monkeypatch):
    monkeypatch.setenv("HEALTH_TOKEN", given)
    with pytest.raises(Misconfigured, match="A key of HEALTH_TOKEN is short"):
        token_if_set("HEALTH_TOKEN", is_local=False)
    assert token_if_set("HEALTH_TOKEN", is_local=True) == given
    for allowed in ("", RANDOM):
        monkeypatch.setenv("HEALTH_TOKEN", allowed)
        assert token_if_set("HEALTH_TOKEN", is_local=False) == allowed


def test_a_first_try_draws_a_key_and_keeps_it(tmp_path, monkeypatch):
    monkeypatch.delenv("ID_NUMBER_KEY", raising=False)
    drawn = stored_secret("ID_NUMBER_KEY", tmp_path, is_local=True)
    assert stored_secret("ID_NUMBER_KEY", tmp_path, is_local=True) == drawn
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "keys"), [("one", {1: "one"}), ("2:new,1:old", {2: "new", 1: "old"}), ("3:a, 2:b", {3: "a", 2: "b"})]
)
def test_keys_are_numbered(text, keys):
    assert numbered_keys("ID_NUMBER_KEY", text) == keys


@pytest.mark.parametrize("text", ["x:one", "0:one", "256:one", "1:", "1:a,1:b", "one,two"])
def test_other_lists_of_keys_are_refused_without_showing_them(text):
    with pytest.raises(Misconfigured, match="not shown here"):
        numbered_keys("ID_NUMBER_KEY", text)
