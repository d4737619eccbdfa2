import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
ENGLISH_BROWSER = {"accept-language": "en-US,en;q=0.9"}


@pytest.fixture(autouse=True)
def _chinese(settings):
    settings.LANGUAGE_CODE = "zh-hans"


def test_pages_are_chinese_whatever_the_browser_speaks(season):
    page = Client().get("/", headers=ENGLISH_BROWSER)
    assert page.headers["Content-Language"] == "zh-hans"
    assert 'lang="zh-Hans"' in page.content.decode()


def test_the_switch_is_kept(season):
    client = Client()
    client.post("/language/", {"language": "en", "next": "/"})
    assert 'lang="en"' in client.get("/").content.decode()


def test_a_language_that_is_not_offered_is_not_taken(season):
    client = Client()
    client.cookies["django_language"] = "../../etc"
    assert client.get("/").headers["Content-Language"] == "zh-hans"


def test_programs_ask_by_header(season):
    answer = Client().post("/api/v1/me/sign-in/", {}, headers=ENGLISH_BROWSER)
    assert answer.headers["Content-Language"] == "en"
