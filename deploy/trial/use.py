"""Uses the installed product through nginx, as people do: the invited administrator signs in, a student sends a photo and looks at the portrait;
then what operators go through: metrics and alarms, an update under load, a full disk, the night's backup, loss and restore. For the trial alone.
"""

import re
import sys
import time
from pathlib import Path

import requests

sys.path.insert(0, "/opt/tucai")
import full_disk
import lost_host
import updated
import watched
from installed import SITE, check, letter_to, manage, send, visitor, wait_for_the_web
from student import Student, some

PASSWORD = "Trial-of-an-evening-in-June"
SCENES = (
    "watched",
    "updated",
    "alarms",
    "full-disk",
    "lost-host",
)  # the last one leaves nothing of the machine of before
STUDENTS = [Student("赵一凡", "20230001", "320102200102030016"), Student("钱多多", "20230002", "320102200102030032")]
SENDERS = some(12)
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


def administrator_signs_in() -> requests.Session:
    link = re.search(rf"{SITE}/accounts/\S+", letter_to("lihua@trial.test"))
    assert link, "the administrator's link was not mailed"
    session = visitor()
    answer = send(session, link[0], password1=PASSWORD, password2=PASSWORD)
    check("sessionid" in " ".join(session.cookies.keys()), f"the administrator chose a password ({answer.status_code})")
    session = visitor()
    answer = send(session, f"{SITE}/accounts/login/", login="lihua", password=PASSWORD)
    check(answer.ok and "/accounts/login" not in answer.url, f"the administrator signed in ({answer.url})")
    check(session.get(f"{SITE}/center/").status_code == 200, "the center's first page")
    stranger = visitor().get(f"{SITE}/center/", allow_redirects=False)
    check(stranger.status_code == 302, "a stranger is led to the sign-in")
    return session


def files_are_closed(student: Student, url: str) -> None:
    """Django names the file, nginx sends it, and nobody has it by its name."""
    own = {"Host": "photos.trial.test", "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
    own["Authorization"] = str(student.session.headers["Authorization"])
    bare = requests.get(url.replace(SITE, "http://127.0.0.1:8001"), headers=own, timeout=20)
    inner = bare.headers.get("X-Accel-Redirect", "")
    check(inner.startswith("/private/") and not bare.content, f"Django names the file ({inner}) and sends none")
    check(student.session.get(SITE + inner).status_code == 404, "the file cannot be had by its name")


def wrong_names_get_nothing() -> None:
    plain = requests.get("http://photos.trial.test/", allow_redirects=False, timeout=20)
    check(plain.status_code == 301, "http leads to https")
    try:
        requests.get("https://127.0.0.1/", verify=False, timeout=5)  # noqa: S501 -- there is no certificate to look at
    except requests.exceptions.SSLError:
        check(True, "a strange host name gets no certificate")
        return
    check(False, "a strange host name gets no certificate")


def visitors_behind_two_proxies_are_told_apart() -> None:
    """FRONT_PROXIES of the trial names this machine and 10.0.0.7: whom the outer one has seen stands in nginx's log, what the visitor claims does not."""
    visitor().get(SITE, headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.7"})
    time.sleep(0.5)
    last = Path("/var/log/nginx/tucai.log").read_text().splitlines()[-1]
    check(last.startswith("203.0.113.9 "), f"a visitor through two proxies has an address of their own ({last[:30]})")


def begin() -> tuple[requests.Session, Student, Student]:
    """(the administrator, two students who have signed in)"""
    wait_for_the_web()
    wrong_names_get_nothing()
    visitors_behind_two_proxies_are_told_apart()
    administrator = administrator_signs_in()
    manage("shell", "-c", SEASON)
    roster = Path("/tmp/roster.csv")  # noqa: S108
    rows = [student.row() for student in (*STUDENTS, *SENDERS)]
    roster.write_text("\n".join(["学号,姓名,性别,证件号码,学院,专业,班级", *rows, ""]))
    told = manage("import_roster", "90001", str(roster))
    check(str(len(rows)) in told, f"season opened, roster imported: {told.strip()}")
    for student in STUDENTS:
        student.signs_in()
    return administrator, *STUDENTS


def main() -> None:
    """The scenes named in deploy/trial.sh; all of them, when none is."""
    start, chosen = time.monotonic(), sys.argv[1:] or SCENES
    administrator, first, second = begin()
    check(first.sends(11).status_code == 201, "the photo was sent")
    url, portrait = first.waits_for_the_portrait()
    files_are_closed(first, url)
    if "watched" in chosen:
        watched.metrics_are_read_by_who_has_the_token()
        watched.page_of_the_operator(administrator)
    if "updated" in chosen:
        for student in SENDERS:
            student.signs_in()
        updated.updates_under_load(SENDERS)
    if "alarms" in chosen:
        watched.every_alarm_comes_and_ends(second)
    if "full-disk" in chosen:
        full_disk.disk_is_full_and_freed(second)
    if "lost-host" in chosen:
        lost_host.host_is_lost_and_restored(first, url, portrait)
    check(True, f"{' '.join(chosen)}: {(time.monotonic() - start) / 60:.0f} minutes after the installation")


if __name__ == "__main__":
    main()
