"""Uses the installed product through nginx, as people do: the invited administrator signs in, a student sends a photo and
looks at the portrait, the night's backup is made, everything is lost, and it is restored. For the trial alone.
"""

import email
import email.policy
import re
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, "/opt/tucai")
from demo import drawn_people

SITE = "https://photos.trial.test"
CERTIFICATE = "/etc/ssl/certs/tucai.pem"
PASSWORD = "Trial-of-an-evening-in-June"
STUDENT = {"name": "赵一凡", "student_no": "20230001", "id_number": "320102200102030016"}
# The center's part, by the rules that its pages call.
SEASON = """
import datetime as dt
from portal.models import User
from portal.tenancy import system_scope
from schools import enrolments, seasons
from schools.days import timetable
from schools.models import Area, Season
with system_scope():
    by, season, today = User.objects.get(username="lihua"), Season.objects.get(), dt.date.today()
    season = seasons.change_season(season, by=by, contact_name="李华", contact_phone="025-00000001",
                                   opens_at=dt.time(0), closes_at=dt.time(23, 59, 59))
    days = timetable.AreaDays("南京地区", None, max(today - dt.timedelta(days=1), dt.date(season.year, 1, 1)), today + dt.timedelta(days=9))
    timetable.set_timetable(season, [days], by=by)
    school = enrolments.add_school(by=by, code="90001", name="石城理工大学", area=Area.objects.get())
    enrolments.enrol([school], season=season, by=by)
    seasons.open_season(season, by=by)
"""


def check(is_right: object, what: str) -> None:
    if not is_right:
        sys.exit(f"NOT RIGHT: {what}")
    print(f"ok: {what}", flush=True)


def run(*command: str, **options: Any) -> str:
    done = subprocess.run(command, cwd="/opt/tucai", capture_output=True, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"NOT RIGHT: {' '.join(command)}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def manage(*words: str) -> str:
    return run("deploy/manage.sh", *words)


def visitor() -> requests.Session:
    session = requests.Session()
    session.verify = CERTIFICATE
    return session


def wait_for_the_web() -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if visitor().get(SITE).status_code == 200:
            return
        time.sleep(1)
    sys.exit("NOT RIGHT: the web did not answer within two minutes")


def send(session: requests.Session, url: str, **fields: str) -> requests.Response:
    """Post a form of the page at `url`, with its token."""
    page = session.get(url)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    if page.status_code != 200 or not token:
        sys.exit(f"NOT RIGHT: {url} is {page.status_code} and has no form")
    return session.post(page.url, data=fields | {"csrfmiddlewaretoken": token[1]}, headers={"Referer": page.url})


def letter_to(address: str) -> str:
    for path in sorted(Path("/tmp/mail").glob("*.eml"), reverse=True):  # noqa: S108
        letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if address in letter["To"]:
            return letter.get_body().get_content()
    sys.exit(f"NOT RIGHT: no letter to {address}")


def administrator_signs_in() -> None:
    link = re.search(rf"{SITE}/accounts/\S+", letter_to("lihua@trial.test"))
    check(link, "the administrator's link was mailed")
    session = visitor()
    answer = send(session, link[0], password1=PASSWORD, password2=PASSWORD)
    check(
        answer.status_code == 200 and "sessionid" in " ".join(session.cookies.keys()),
        "the administrator chose a password",
    )
    session = visitor()
    answer = send(session, f"{SITE}/accounts/login/", login="lihua", password=PASSWORD)
    check(
        answer.status_code == 200 and "/accounts/login" not in answer.url, f"the administrator signed in ({answer.url})"
    )
    check(session.get(f"{SITE}/center/").status_code == 200, "the center's first page")
    check(
        visitor().get(f"{SITE}/center/", allow_redirects=False).status_code == 302, "a stranger is led to the sign-in"
    )


def student_sends_a_photo() -> tuple[dict[str, str], str, bytes]:
    """(headers of the signed-in student, address of the portrait, its bytes)."""
    session = visitor()
    answer = session.post(f"{SITE}/api/v1/me/sign-in/", json=STUDENT)
    check(answer.status_code == 200, f"the student signed in ({answer.status_code} {answer.text[:200]})")
    headers = {"Authorization": f"Student {answer.json()['token']}"}
    text = session.get(f"{SITE}/api/v1/me/consent/", headers=headers).json()
    answer = session.post(
        f"{SITE}/api/v1/me/consent/", json={"version": text["version"], "printing": True}, headers=headers
    )
    check(answer.status_code == 201, f"the student agreed ({answer.text[:100]})")
    person = drawn_people.Person.random(11)
    picture = drawn_people.draw_jpeg(person, size=(960, 1280))
    started = time.monotonic()
    answer = session.post(
        f"{SITE}/api/v1/me/photos/",
        data={"token": str(uuid.uuid4())},
        files={"photo": ("photo.jpg", picture, "image/jpeg")},
        headers=headers,
    )
    check(answer.status_code == 201, f"the photo was sent ({answer.text[:200]})")
    while True:
        photo = session.get(f"{SITE}/api/v1/me/photos/current/", headers=headers).json()
        if (
            photo.get("portrait_url")
            or photo.get("status") in ("rejected", "failed")
            or time.monotonic() - started > 120
        ):
            break
        time.sleep(0.3)
    check(photo.get("portrait_url"), f"verdict after {time.monotonic() - started:.1f} s: {photo}")
    portrait = session.get(SITE + photo["portrait_url"], headers=headers)
    check(portrait.status_code == 200 and portrait.content[:2] == b"\xff\xd8", "the portrait")
    check("sandbox" in portrait.headers["Content-Security-Policy"], "nginx sent it, with the headers of nginx.conf")
    own = {**headers, "Host": "photos.trial.test", "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
    bare = requests.get("http://127.0.0.1:8001" + photo["portrait_url"], headers=own, timeout=20)
    inner = bare.headers.get("X-Accel-Redirect", "")
    check(inner.startswith("/private/") and not bare.content, f"Django names the file ({inner}) and sends none")
    check(session.get(SITE + inner).status_code == 404, "the file cannot be had by its name")
    return headers, SITE + photo["portrait_url"], portrait.content


def wrong_names_get_nothing() -> None:
    try:
        requests.get("https://127.0.0.1/", verify=False, timeout=5)  # noqa: S501 -- there is no certificate to look at
    except requests.exceptions.SSLError:
        check(True, "a strange host name gets no certificate")
        return
    check(False, "a strange host name gets no certificate")


def visitors_behind_a_front_proxy_are_told_apart() -> None:
    """The trial's FRONT_PROXIES is 127.0.0.1: what it names as the visitor stands in nginx's log, what the visitor claims does not."""
    visitor().get(SITE, headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"})
    time.sleep(0.5)
    last = Path("/var/log/nginx/tucai.log").read_text().splitlines()[-1]
    check(
        last.startswith("203.0.113.9 "), f"a visitor through a proxy in front has an address of their own ({last[:30]})"
    )


def everything_is_lost_and_restored(headers: dict[str, str], url: str, portrait: bytes) -> None:
    run(sys.executable, "deploy/trial/units.py", "tucai-backup.service")
    check(True, "the night's backup")
    files = Path("/var/lib/tucai/files")
    shutil.rmtree(files)
    sql = ("runuser", "-u", "postgres", "--", "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1")
    run(*sql, "-c", "DROP DATABASE tucai WITH (FORCE)")
    check(visitor().get(url, headers=headers).status_code >= 500, "database and files are gone")
    run("deploy/restore.sh")
    wait_for_the_web()
    answer = visitor().get(url, headers=headers)
    check(answer.status_code == 200 and answer.content == portrait, "the portrait is there again, after the restore")
    check("0" in manage("check_history"), "the history is whole after the restore")


def main() -> None:
    wait_for_the_web()
    check(
        requests.get("http://photos.trial.test/", allow_redirects=False, timeout=20).status_code == 301,
        "http leads to https",
    )
    wrong_names_get_nothing()
    visitors_behind_a_front_proxy_are_told_apart()
    administrator_signs_in()
    manage("shell", "-c", SEASON)
    roster = Path("/tmp/roster.csv")  # noqa: S108
    roster.write_text(
        f"学号,姓名,性别,证件号码,学院,专业,班级\n{STUDENT['student_no']},{STUDENT['name']},男,{STUDENT['id_number']},信息学院,软件工程,软件2301\n"
    )
    told = manage("import_roster", "90001", str(roster))
    check("1" in told, f"season opened, roster imported: {told.strip()}")
    everything_is_lost_and_restored(*student_sends_a_photo())


if __name__ == "__main__":
    main()
