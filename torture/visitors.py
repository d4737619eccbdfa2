"""The users of the product, over HTTP: students, school officers, the payment provider and a forger.

What the product answered with success is a promise, and stands in `Promises` when the answer has come: it is
the truth that the reckoning starts from. What got no answer, or a refusal, is asked again like a person would,
with the same form; it promises nothing.
"""

import hashlib
import hmac
import json
import queue
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from torture.browser import Answer, Browser, NoAnswer

PASSWORD = "a-long-password"
PRICE_FEN = 1500
PATIENCE = 90  # s for a verdict; then the student comes back another time


@dataclass
class Promises:
    """`photos` {token of the form: bytes sent}, `confirmed` {order number: the provider's number}; `forged` and `odd` are
    provider's numbers that must never be booked: no signature, and signed but of another amount or order. `letters` are
    the texts that identify a letter, by address. `decided` {photo: status}.
    """

    photos: dict[str, bytes] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    submitted: set[int] = field(default_factory=set)
    decided: dict[int, str] = field(default_factory=dict)
    letters: set[tuple[str, str]] = field(default_factory=set)
    confirmed: dict[str, str] = field(default_factory=dict)
    forged: set[str] = field(default_factory=set)
    odd: set[str] = field(default_factory=set)
    jobs: set[int] = field(default_factory=set)
    imports: set[int] = field(default_factory=set)
    imported: dict[int, list[str]] = field(default_factory=dict)
    requests: int = 0
    unanswered: int = 0
    errors: int = 0


@dataclass(frozen=True)
class Person:
    """A student of the season. `pays`: online, before handing in."""

    pk: int
    name: str
    id_number: str
    student_no: str
    email: str
    pays: bool


class Crew:
    """Threads of users until `end`."""

    def __init__(self, url: str, secret_key: str, seed: int, people: list[Person], photos: list[bytes]) -> None:
        self.url, self.seed, self.people, self.pictures = url, seed, people, photos
        self.promises = Promises()
        self.over = threading.Event()
        self.threads: list[threading.Thread] = []
        self.provider = Provider(self, secret_key)
        self.to_decide: queue.Queue[tuple[int, Person]] = queue.Queue()
        self.to_visit: queue.Queue[Person] = queue.Queue()

    def start(self, students: int) -> None:
        random.Random(self.seed).shuffle(self.people)
        for person in self.people:
            self.to_visit.put(person)
        for n in range(students):
            self._run(Student(self, n).work)
        self._run(self.provider.work)
        self._run(Reviewer(self, "officer1").work)
        self._run(Reviewer(self, "officer2").work)
        self._run(Clerk(self, "clerk1", 1).work)

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.threads.append(thread)

    def end(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(120)

    def pause(self, seconds: float) -> None:
        self.over.wait(seconds)

    def ask(self, call: Callable[[], Answer], *, attempts: int = 20) -> Answer | None:
        """The answer; asked again while there is none or the product says that it cannot now. None: given up."""
        for attempt in range(attempts):
            self.promises.requests += 1
            try:
                answer = call()
            except NoAnswer:
                self.promises.unanswered += 1
            else:
                if answer.is_final:
                    return answer
                self.promises.errors += 1
            if self.over.wait(min(0.2 * 2**attempt, 1.5)) and attempt > 3:
                break
        return None


class Student:
    """One phone after the other: signs in, agrees, sends a photo, waits for the verdict, pays and hands in."""

    def __init__(self, crew: Crew, number: int) -> None:
        self.crew, self.chance = crew, random.Random(f"{crew.seed}-{number}")

    def work(self) -> None:
        while not self.crew.over.is_set():
            try:
                person = self.crew.to_visit.get(timeout=1)
            except queue.Empty:
                continue
            if not self.visit(person):
                self.crew.to_visit.put(person)
            self.crew.pause(self.chance.uniform(0.1, 0.6))

    def visit(self, person: Person) -> bool:
        """Whether the student has handed in, and need not come back."""
        phone = Browser(self.crew.url)
        details = {"name": person.name, "id_number": person.id_number, "student_no": person.student_no}
        answer = self.crew.ask(lambda: phone.post("/api/v1/me/sign-in/", details))
        if answer is None or not answer.is_success:
            return False
        phone.headers["Authorization"] = f"Student {answer.json()['token']}"
        status = self._json(lambda: phone.get("/api/v1/me/"))
        if status is None:
            return False
        photo = status["photo"] or {}
        if photo.get("status") in ("submitted", "approved", "returned") and status["stage"] != "retake":
            return True
        if photo.get("status") != "ready":
            if not self._agree(phone, status) or not self._send_photo(phone):
                return False
            photo = self._verdict(phone)
            if photo is None or photo["status"] != "ready":
                return False
            if self.chance.random() < 0.25:  # not content with it
                self.crew.ask(lambda: phone.send("DELETE", "/api/v1/me/submission/"))
                return False
        return self._hand_in(phone, person)

    def _json(self, call: Callable[[], Answer]) -> dict | None:
        answer = self.crew.ask(call)
        return answer.json() if answer is not None and answer.is_success else None

    def _agree(self, phone: Browser, status: dict) -> bool:
        if status["agreed"]:
            return True
        text = self._json(lambda: phone.get("/api/v1/me/consent/"))
        fields = {"version": text["version"], "face_comparison": "true", "printing": "true"} if text else {}
        return self._json(lambda: phone.post("/api/v1/me/consent/", fields)) is not None

    def _send_photo(self, phone: Browser) -> bool:
        token, picture = str(uuid.uuid4()), self.chance.choice(self.crew.pictures)
        self.crew.promises.tokens.add(token)
        answer = self.crew.ask(
            lambda: phone.upload("/api/v1/me/photos/", {"token": token}, "photo", "photo.jpg", picture)
        )
        if answer is None or not answer.is_success:
            return False
        self.crew.promises.photos[token] = picture
        return True

    def _verdict(self, phone: Browser) -> dict | None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not self.crew.over.is_set():
            photo = self._json(lambda: phone.get("/api/v1/me/photos/current/"))
            if photo is None or photo["status"] != "checking":
                return photo
            self.crew.pause(0.7)
        return None

    def _hand_in(self, phone: Browser, person: Person) -> bool:
        answer = self.crew.ask(lambda: phone.send("POST", "/api/v1/me/submission/"))
        if answer is not None and answer.status == 402:
            self._pay(person)
            self.crew.pause(3)
            answer = self.crew.ask(lambda: phone.get("/api/v1/me/photos/current/"))  # paying hands in
            if answer is not None and answer.is_success and answer.json()["status"] == "ready":
                answer = self.crew.ask(lambda: phone.send("POST", "/api/v1/me/submission/"))
        if answer is None or not answer.is_success:
            return False
        pk = answer.json()["id"]
        self.crew.promises.submitted.add(pk)
        self.crew.to_decide.put((pk, person))
        return True

    def _pay(self, person: Person) -> None:
        phone = Browser(self.crew.url)
        details = {"name": person.name, "id_number": person.id_number, "student_no": person.student_no}
        self.crew.ask(lambda: phone.get("/me/sign-in/"))
        self.crew.ask(lambda: phone.post("/me/sign-in/", details))
        answer = self.crew.ask(lambda: phone.post("/me/pay/"))
        if answer is not None and "/simulator/" in answer.location:
            self.crew.provider.pay(answer.location.rstrip("/").rpartition("/")[2])


class Reviewer:
    """A person of the school: approves what was handed in, or returns it with a sentence that no other has."""

    def __init__(self, crew: Crew, username: str) -> None:
        self.crew, self.username = crew, username
        self.browser = Browser(crew.url)
        self.chance = random.Random(f"{crew.seed}-{username}")

    def sign_in(self) -> bool:
        self.browser = Browser(self.crew.url)
        self.crew.ask(lambda: self.browser.get("/accounts/login/"))
        fields = {"login": self.username, "password": PASSWORD}
        answer = self.crew.ask(lambda: self.browser.post("/accounts/login/", fields))
        return answer is not None and answer.status == 302

    def act(self, call: Callable[[], Answer]) -> Answer | None:
        """The answer to a signed-in person; signs in when the session has ended."""
        for _ in range(3):
            answer = self.crew.ask(call) if "sessionid" in self.browser.cookies else None
            if answer is not None and answer.status != 403 and "/accounts/" not in answer.location:
                return answer
            if not self.sign_in():
                self.crew.pause(1)
        return None

    def work(self) -> None:
        number = 0
        while not self.crew.over.is_set():
            try:
                pk, person = self.crew.to_decide.get(timeout=1)
            except queue.Empty:
                continue
            number += 1
            self.decide(pk, person, number)

    def decide(self, pk: int, person: Person, number: int) -> None:
        promises = self.crew.promises
        if self.chance.random() < 0.5:
            reason = f"第{number}次由{self.username}退回，请重拍。"
            answer = self.act(lambda: self.browser.post(f"/school/photos/{pk}/return/", {"reason": reason}))
            if answer is not None and answer.status == 302:
                promises.decided[pk] = "returned"
                promises.letters.add((person.email, reason))
                self.crew.to_visit.put(person)
        else:
            answer = self.act(lambda: self.browser.post(f"/school/photos/{pk}/approve/"))
            if answer is not None and answer.status == 302:
                promises.decided[pk] = "approved"


class Clerk(Reviewer):
    """Asks for the archive of the portraits, and brings rosters."""

    def __init__(self, crew: Crew, username: str, number: int) -> None:
        super().__init__(crew, username)
        self.number = number

    def work(self) -> None:
        serial = 0
        while not self.crew.over.is_set():
            self.crew.pause(self.chance.uniform(2, 6))
            if self.chance.random() < 0.5:
                answer = self.act(lambda: self.browser.post("/school/prints/portraits/"))
                if answer is not None and answer.status == 302 and answer.location.startswith("/jobs/"):
                    self.crew.promises.jobs.add(int(answer.location.strip("/").rpartition("/")[2]))
            else:
                serial += 1
                self.bring_roster(serial)

    def bring_roster(self, serial: int) -> None:
        numbers = [f"R{self.number}{serial:04d}{n}" for n in range(5)]
        rows = [f"{no},新生,护照,P{no},软件工程,软件2302" for no in numbers]
        content = "\n".join(["学号,姓名,证件类型,证件号码,专业,班级", *rows]).encode()
        answer = self.act(
            lambda: self.browser.upload("/school/roster/import/", {}, "file", f"roster{serial}.csv", content)
        )
        if answer is None or answer.status != 302:
            return
        path = answer.location
        pk = int(path.strip("/").rpartition("/")[2])
        self.crew.promises.imports.add(pk)
        until = time.monotonic() + 40
        while time.monotonic() < until and not self.crew.over.is_set():
            self.crew.pause(2)
            answer = self.act(lambda: self.browser.post(f"{path}confirm/"))
            if answer is not None and answer.status == 302:
                self.crew.promises.imported[pk] = numbers
                return


class Provider:
    """Tells the product of each payment until it says `success`, like a payment provider: twice, late, in another
    order where a fault says so. `forge` sends what no provider has signed, from another address.
    """

    def __init__(self, crew: Crew, secret_key: str) -> None:
        self.crew = crew
        self.key = hmac.digest(secret_key.encode(), b"payment simulator", "sha256")
        self.waiting: queue.Queue[tuple[str, str]] = queue.Queue()
        self.held: list[tuple[str, str]] = []
        self.is_holding = False
        self.paid: dict[str, str] = {}
        self.chance = random.Random(f"{crew.seed}-provider")

    def pay(self, number: str) -> None:
        if number not in self.paid:
            self.paid[number] = f"SIM{uuid.UUID(int=self.chance.getrandbits(128)).hex[:20].upper()}"
            (self.held.append if self.is_holding else self.waiting.put)((number, self.paid[number]))

    def release(self) -> None:
        """Send what was held back, the last first."""
        self.is_holding = False
        while self.held:
            self.waiting.put(self.held.pop())

    def work(self) -> None:
        while not (self.crew.over.is_set() and self.waiting.empty()):
            try:
                number, paid = self.waiting.get(timeout=1)
            except queue.Empty:
                continue
            answer = self.tell(number, paid)
            if answer is not None and answer.body == b"success":
                self.crew.promises.confirmed[number] = paid
            else:
                self.waiting.put((number, paid))
                time.sleep(0.5)  # also when all is over: told without a pause, the product and the mail server starve

    def tell(self, number: str, paid: str, amount: int = PRICE_FEN) -> Answer | None:
        body = self._message(number, paid, amount)
        return self.crew.ask(lambda: self._send(body, self._sign(body), "127.0.0.1"))

    def _message(self, number: str, paid: str, amount: int) -> bytes:
        content = {"order_number": number, "amount_fen": amount, "transaction_id": paid}
        return json.dumps(content, sort_keys=True).encode()

    def _sign(self, body: bytes) -> str:
        return hmac.new(self.key, body, hashlib.sha256).hexdigest()

    def _send(self, body: bytes, signature: str, source: str) -> Answer:
        headers = {"X-Simulator-Signature": signature}
        return Browser(self.crew.url, source).send(
            "POST", "/pay/notify/simulator/", body, "application/json", **headers
        )

    # --- faults ---

    def double(self, chance: random.Random) -> None:
        """The same messages at the same time, of payments that were told before or are being told."""
        known = list(self.paid.items())
        for number, paid in chance.sample(known, min(3, len(known))):
            for _ in range(2):
                threading.Thread(target=self.tell, args=(number, paid), daemon=True).start()

    def forge(self, chance: random.Random) -> None:
        """No signature, the signature of another message, or a message altered after it was signed."""
        number = chance.choice([*self.paid, "20260000000000000000"])
        paid = f"FORGED{chance.getrandbits(60):x}"
        self.crew.promises.forged.add(paid)
        body = self._message(number, paid, PRICE_FEN)
        other = self._message(number, self.paid.get(number, ""), PRICE_FEN)
        signature = chance.choice(["", "0" * 64, self._sign(other), self._sign(body).upper()])
        source = f"127.0.{chance.randrange(1, 250)}.{chance.randrange(1, 250)}"
        self.crew.ask(lambda: self._send(body, signature, source), attempts=2)

    def err(self, chance: random.Random) -> None:
        """Signed by the provider, but of another amount, a second payment of the same order, or an order unknown here."""
        number, amount = chance.choice(
            [
                (chance.choice([*self.paid, "2026X"]), 1),
                (f"2026{chance.getrandbits(50)}", PRICE_FEN),
                (next(iter(self.crew.promises.confirmed), "2026Y"), PRICE_FEN),
            ]
        )
        paid = f"ODD{chance.getrandbits(60):x}"
        self.crew.promises.odd.add(paid)
        self.tell(number, paid, amount)
