"""Headers of every page, found by walking the URLs."""

import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.test_outsider import PAGES

pytestmark = pytest.mark.django_db
EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


CHARSETS = ("charset=utf-8", 'charset="utf-8"')


def faults(answer) -> set[str]:
    found = {name for name, value in EXPECTED.items() if answer.get(name) != value}
    policy = answer.get("Content-Security-Policy", "")
    needed = ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'")
    if not all(directive in policy for directive in needed) or "unsafe" in policy:
        found.add("Content-Security-Policy")
    if answer["Content-Type"].startswith("text/") and not answer["Content-Type"].endswith(CHARSETS):
        found.add("Content-Type")
    if "no-store" not in answer.get("Cache-Control", ""):
        found.add("Cache-Control")
    if "camera=()" not in answer.get("Permissions-Policy", ""):
        found.add("Permissions-Policy")
    return found


def test_every_page_has_the_headers(center_client, center_admin, season):
    factories.make_operator(center_admin)
    plain = [page.name for page in PAGES if "<" not in page.route and not page.kwargs and "logout" not in page.name]
    wrong = {name: found for name in plain if (found := faults(center_client.get(reverse(name))))}
    assert wrong == {}
    assert len(plain) > 80
    assert faults(center_client.get("/admin/schools/school/")) == set()
    assert faults(center_client.get("/nowhere/")) == set()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("brand/mark.svg", "image/svg+xml"), ("css/base.css", "text/css"), ("js/shell.js", "text/javascript")],
)
def test_a_static_file_says_what_it_is_and_runs_nothing_by_itself(name, kind, client):
    answer = client.head(f"/static/{name}")
    assert answer["Content-Type"] in [f"{kind}; {charset}" for charset in CHARSETS]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert not answer.has_header("Access-Control-Allow-Origin")


def test_signing_out_clears_what_the_browser_keeps(owner_client):
    assert "Clear-Site-Data" not in owner_client.get(reverse("schools:school_home"))
    assert owner_client.post("/accounts/logout/")["Clear-Site-Data"] == '"cache"'
    assert "Clear-Site-Data" not in Client().get("/accounts/login/")


def test_production_binds_cookies_to_the_host_and_browsers_to_https(tmp_path):
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    names += ("LANGUAGE_COOKIE_NAME", "LANGUAGE_COOKIE_SECURE", "LANGUAGE_COOKIE_HTTPONLY", "LANGUAGE_COOKIE_SAMESITE")
    names += ("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_PROXY_SSL_HEADER")
    code = f"from config import settings; print(*(getattr(settings, name) for name in {names}))"
    key = "jT8v/2q0XbLwZr5uYkE1dM9sHc7nAiGf"
    given = {
        "PATH": "/usr/bin:/bin",
        "TUCAI_SERVICES": "none",
        "TUCAI_DATA": str(tmp_path),
        "DATABASE_URL": "postgresql://app@127.0.0.1/tucai",
        "REDIS_URL": "redis://127.0.0.1/0",
        "SECRET_KEY": key,
        "ID_NUMBER_KEY": key,
        "HISTORY_KEY": key,
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, check=False
    )
    # A year of https for all subdomains; without a proxy nobody is believed who says that he came by https.
    expected = ["__Host-sessionid", "__Host-csrftoken", "True", "True", "__Host-language", "True", "True", "Lax"]
    expected += ["31536000", "True", "None"]
    assert done.stdout.split() == expected, done.stderr
    # Browsers take such a name only with the path / and without a domain.
    assert (settings.SESSION_COOKIE_PATH, settings.CSRF_COOKIE_PATH) == ("/", "/")
    assert (settings.SESSION_COOKIE_DOMAIN, settings.CSRF_COOKIE_DOMAIN) == (None, None)
