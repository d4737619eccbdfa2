"""A student of the trial, by the programs' interface through nginx."""

import time
import uuid
from typing import Any

import requests
from installed import SITE, check, visitor

from demo import drawn_people

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # of the digits of a document number


def some(number: int) -> list["Student"]:
    """Students of the roster who send in turn: each may send twenty photos a day."""
    found = []
    for each in range(number):
        digits = f"320102200105{each + 1:02}123"
        check_digit = "10X98765432"[
            sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True)) % 11
        ]
        found.append(
            Student(
                f"孙{'一二三四五六七八九十'[each % 10]}{'甲乙丙'[each // 10]}",
                f"{20240001 + each}",
                digits + check_digit,
            )
        )
    return found


class Student:
    def __init__(self, name: str, student_no: str, id_number: str) -> None:
        self.identity = {"name": name, "student_no": student_no, "id_number": id_number}
        self.session = visitor()

    def row(self) -> str:
        one = self.identity
        return f"{one['student_no']},{one['name']},男,{one['id_number']},信息学院,软件工程,软件2301"

    def signs_in_again(self) -> None:
        self.session = visitor()
        answer = self.session.post(f"{SITE}/api/v1/me/sign-in/", json=self.identity)
        check(answer.status_code == 200, f"the student signed in ({answer.status_code} {answer.text[:200]})")
        self.session.headers["Authorization"] = f"Student {answer.json()['token']}"

    def signs_in(self) -> None:
        self.signs_in_again()
        text = self.session.get(f"{SITE}/api/v1/me/consent/").json()
        agreed = {"version": text["version"], "printing": True}
        answer = self.session.post(f"{SITE}/api/v1/me/consent/", json=agreed)
        check(answer.status_code == 201, f"the student agreed ({answer.text[:100]})")

    def sends(self, seed: int) -> requests.Response:
        picture = drawn_people.draw_jpeg(drawn_people.Person.random(seed), size=(960, 1280))
        files = {"photo": ("photo.jpg", picture, "image/jpeg")}
        return self.session.post(f"{SITE}/api/v1/me/photos/", data={"token": str(uuid.uuid4())}, files=files)

    def photo(self) -> dict[str, Any]:
        """The current photo; empty while the product cannot say."""
        answer = self.session.get(f"{SITE}/api/v1/me/photos/current/")
        return dict(answer.json()) if answer.status_code == 200 else {}

    def waits_for_the_portrait(self) -> tuple[str, bytes]:
        """(address of the portrait, its bytes)."""
        start, photo = time.monotonic(), self.photo()
        while not photo.get("portrait_url") and photo.get("status") not in ("rejected", "failed"):
            if time.monotonic() - start > 120:
                break
            time.sleep(0.3)
            photo = self.photo()
        check(photo.get("portrait_url"), f"verdict after {time.monotonic() - start:.1f} s: {photo}")
        url = SITE + photo["portrait_url"]
        portrait = self.session.get(url)
        check(portrait.status_code == 200 and portrait.content[:2] == b"\xff\xd8", "the portrait")
        check("sandbox" in portrait.headers["Content-Security-Policy"], "nginx sent it, with the headers of nginx.conf")
        return url, portrait.content
