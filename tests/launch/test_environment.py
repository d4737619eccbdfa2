"""A word in the environment is understood, or the start ends with a sentence."""

import pytest

from launch import environment
from launch.environment import Misconfigured


@pytest.fixture
def setenv(monkeypatch):
    return monkeypatch.setenv


def refused(call) -> str:
    with pytest.raises(Misconfigured) as end:
        call()
    assert "\n" not in str(end.value)
    return str(end.value)


@pytest.mark.parametrize("word", ["1", "true", "YES", "On", " on "])
def test_flag_is_on(setenv, word):
    setenv("HTTPS", word)
    assert environment.flag("HTTPS") is True


@pytest.mark.parametrize("word", ["0", "False", "no", "OFF"])
def test_flag_is_off(setenv, word):
    setenv("HTTPS", word)
    assert environment.flag("HTTPS", default=True) is False


@pytest.mark.parametrize("default", [True, False])
def test_empty_flag_is_as_if_not_set(setenv, default):
    setenv("HTTPS", "")
    assert environment.flag("HTTPS", default=default) is default


@pytest.mark.parametrize("word", ["enabled", "2", "ja", "是"])
def test_flag_that_is_not_understood_is_refused(setenv, word):
    setenv("HTTPS", word)
    sentence = refused(lambda: environment.flag("HTTPS"))
    assert f'HTTPS is "{word}", which is not understood. Allowed: 1/0, true/false, yes/no, on/off.' in sentence
    assert f"环境变量 HTTPS 的值“{word}”无法识别" in sentence


@pytest.mark.parametrize(("word", "value"), [("1", 1), ("65535", 65535), ("0080", 80), ("", 25)])
def test_number(setenv, word, value):
    setenv("EMAIL_PORT", word)
    assert environment.number("EMAIL_PORT", 25, least=1, most=65535) == value


@pytest.mark.parametrize("word", ["0", "65536", "-1", "2.5", "1_000", "٢٥", "25s", "9" * 5000])
def test_number_out_of_range_or_none_is_refused(setenv, word):
    setenv("EMAIL_PORT", word)
    sentence = refused(lambda: environment.number("EMAIL_PORT", 25, least=1, most=65535))
    assert "it must be a whole number from 1 to 65535" in sentence
    assert "应为 1 至 65535 之间的整数" in sentence


def test_choice_is_known_in_any_case(setenv):
    setenv("LOG_LEVEL", "warning")
    assert environment.choice("LOG_LEVEL", ["INFO", "WARNING"], "INFO") == "WARNING"
    setenv("LOG_LEVEL", "")
    assert environment.choice("LOG_LEVEL", ["INFO", "WARNING"], "INFO") == "INFO"
    setenv("LOG_LEVEL", "loud")
    assert 'LOG_LEVEL is "loud"' in refused(lambda: environment.choice("LOG_LEVEL", ["INFO", "WARNING"], "INFO"))


def test_words_are_separated_by_commas(setenv):
    setenv("ALLOWED_HOSTS", " a.edu.cn, ,b.edu.cn ")
    assert environment.text_list("ALLOWED_HOSTS") == ["a.edu.cn", "b.edu.cn"]


def test_web_address(setenv):
    setenv("SITE_URL", "https://a.edu.cn/")
    assert environment.web_address("SITE_URL", "http://localhost") == "https://a.edu.cn"


@pytest.mark.parametrize("word", ["a.edu.cn", "ftp://a.edu.cn", "https://", "http://[", "http://a:99999"])
def test_wrong_web_address_is_refused(setenv, word):
    setenv("SITE_URL", word)
    assert "SITE_URL" in refused(lambda: environment.web_address("SITE_URL", "http://localhost"))


def test_secret_comes_from_the_variable_or_from_a_file(setenv, tmp_path):
    assert environment.secret("SOME_KEY") == ""
    (tmp_path / "key").write_text("from a file\n")
    setenv("SOME_KEY_FILE", str(tmp_path / "key"))
    assert environment.secret("SOME_KEY") == "from a file"
    setenv("SOME_KEY_FILE", "")
    setenv("SOME_KEY", "from the variable")
    assert environment.secret("SOME_KEY") == "from the variable"


def test_secret_in_both_places_is_refused(setenv, tmp_path):
    (tmp_path / "key").write_text("hidden-1")
    setenv("SOME_KEY_FILE", str(tmp_path / "key"))
    setenv("SOME_KEY", "hidden-2")
    sentence = refused(lambda: environment.secret("SOME_KEY"))
    assert "SOME_KEY and SOME_KEY_FILE are both set" in sentence
    assert "hidden" not in sentence


@pytest.mark.parametrize("content", [None, b"", b" \n ", b"\xff\xfe", b"hidden-1\nhidden-2", b"hidden" * 20_000])
def test_file_without_one_line_of_secret_is_refused(setenv, tmp_path, content):
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    setenv("SOME_KEY_FILE", str(tmp_path / "key"))
    sentence = refused(lambda: environment.secret("SOME_KEY"))
    assert f"SOME_KEY_FILE names {tmp_path / 'key'}" in sentence
    assert "hidden" not in sentence


@pytest.mark.parametrize(
    "address", ["postgresql://u:p@h:5432/d", "postgres://u@/d?host=/run", "postgresql://u@/d?host=%2Frun"]
)
def test_secret_address(setenv, address):
    setenv("DATABASE_URL", address)
    assert environment.secret_address("DATABASE_URL", ("postgresql", "postgres")) == address


def test_the_password_of_the_example_is_refused_and_not_shown(setenv):
    setenv("DATABASE_URL", "postgresql://tucai_app:CHANGE-ME@hidden:5432/tucai")
    sentence = refused(lambda: environment.secret_address("DATABASE_URL", ["postgresql"]))
    assert "DATABASE_URL (not shown here) still holds CHANGE-ME" in sentence
    assert "hidden" not in sentence


@pytest.mark.parametrize("address", ["mysql://u:hidden@h/d", "u:hidden@h", "postgresql://u:hidden@h:port/d"])
def test_wrong_secret_address_is_refused_and_not_shown(setenv, address):
    setenv("DATABASE_URL", address)
    sentence = refused(lambda: environment.secret_address("DATABASE_URL", ("postgresql", "postgres")))
    assert "DATABASE_URL (not shown here) is no valid address. Allowed: postgresql://…, postgres://…" in sentence
    assert "hidden" not in sentence


def test_misspelt_name_is_refused_with_the_nearest_known_one(setenv):
    environment.number("TUCAI_CLAIM_SECONDS", 120, least=1, most=999)
    setenv("TUCAI_CLAIM_SECOND", "5")
    sentence = refused(lambda: environment.refuse_unknown("TUCAI_", read_elsewhere=["TUCAI_DATA"]))
    assert "There is no variable TUCAI_CLAIM_SECOND. Do you mean TUCAI_CLAIM_SECONDS?" in sentence
