"""Hostile files: whatever is sent, the answer is a verdict or a sentence, soon, and in bounded memory.

    .venv/bin/python -m bench.hostile_files [FILES] [SEED] [--kind KIND] [--children 1] [--log FILE] [--confined]

Each file takes the way of its kind in a child process: a photo that of an upload, cleaned, opened, measured, judged, made a
portrait, put into words; a workbook that of a roster, read and every row checked; a PDF is drawn; of an archive of admission photos
each picture is opened; the picture of a capture code is searched; a certificate of the registry is encrypted for. The product reads workbooks
and PDFs in a process of their own, where a crash ends as a sentence; here the same code runs without that net, with `--confined`
inside it: then the child is the worker, time and memory are those of both, and "lost" counts the readers that were. A crash of a decoder is counted instead of ending the run, and the child is replaced. Budget: no
exception, no crash, at most 2 s of processor time, at most 400 MB above what the child holds when it is ready to work, which
files before this one count towards.

With `--log` each answer is written down as it comes, and a run that was stopped goes on where it was. `--only NAME` prints
the answer to one file, and `--keep FOLDER` writes down the files that are faults. The files that take minutes to make are
among a thousand or more.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import os
import resource
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
PATIENCE = 120  # s until a file counts as one that hangs
MOST_SECONDS = 2.0  # of processor time a file
MOST_MEGABYTES = 400
ROOM = 3 * 2**30  # bytes a child may ask for beyond what it has when it is ready
MAX_BYTES = 20 * 1024 * 1024
FROM_HEAVY = 1000
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")

# A name, which starts with that of its family and ": ", and what makes the file.
Sample = tuple[str, Callable[[], bytes]]


@dataclass(frozen=True)
class Answer:
    """`outcome`: green, amber, red, the code of a refusal, or the fault. `seconds`: processor time.
    `megabytes`: memory above that of an idle child. `words`: the first sentence.
    """

    name: str
    outcome: str
    seconds: float = 0.0
    megabytes: int = 0
    words: str = ""

    @property
    def family(self) -> str:
        return self.name.partition(":")[0]

    @property
    def fault(self) -> str:
        """What is wrong with the answer, empty when nothing is."""
        if self.outcome.startswith(("exception", "crash", "hangs")):
            return self.outcome.split()[0]
        if self.seconds > MOST_SECONDS:
            return "slow"
        return "memory" if self.megabytes > MOST_MEGABYTES else ""


@dataclass(frozen=True)
class Kind:
    """`samples`: (seed, number) -> the files. `judged`: (outcome, the first sentence) of one; `confined`: by way of a reader
    in a process of its own. `prepare` loads, in the child, all that stays in memory.
    """

    samples: Callable[[int, int], Iterator[Sample]]
    judged: Callable[[bytes], tuple[str, str]]
    prepare: Callable[[], None]
    confined: Callable[[bytes], tuple[str, str]] | None = None


def answer(name: str, data: bytes, judged: Callable[[bytes], tuple[str, str]], idle: int) -> Answer:
    """What these bytes get. `idle`: MB that the process holds without them."""
    _memory("VmRSS", fresh=True)
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        outcome, words = judged(data)
    except Exception as error:  # noqa: BLE001 - what is looked for here
        outcome, words = f"exception {type(error).__name__}", str(error)[:200]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() - start + after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # Of readers only the highest so far is known: it counts for the file that raised it.
    reader = after.ru_maxrss // 1024 if after.ru_maxrss > before.ru_maxrss else 0
    return Answer(name, outcome, seconds, max(_memory("VmHWM") - idle, reader), words)


# --- the kinds -------------------------------------------------------------------------------------------------------


def _photos(seed: int, number: int) -> Iterator[Sample]:
    from tests.support.hostile_photos import photos

    return photos(seed, number, heavy=number >= FROM_HEAVY)


def judged_photo(data: bytes) -> tuple[str, str]:
    import vision
    from capture.upload import encoding, normalising
    from portal.errors import PortalError

    try:
        source, measures = vision.open_and_measure(normalising.normalise(data, max_bytes=MAX_BYTES).jpeg)
    except (PortalError, vision.Unreadable) as refusal:  # at the upload, or in the worker
        return getattr(refusal, "code", "refused"), str(refusal)
    verdict = vision.judge(measures)
    if not verdict.is_rejected:
        portrait = vision.make_portrait(source, measures, background="blue", limits=vision.limits_of())
        verdict = vision.Verdict((*verdict.findings, *portrait.findings))
    encoding.make_preview(source)
    words = [f"{vision.sentence_for(finding)} {vision.advice_for(finding)}" for finding in verdict.findings]
    return verdict.outcome, words[0] if words else ""


def _photo_networks() -> None:
    import vision

    vision.warm_up()


def _workbooks(seed: int, number: int) -> Iterator[Sample]:
    from tests.support.hostile_papers import workbooks

    return workbooks(seed, number)


def judged_workbook(data: bytes) -> tuple[str, str]:
    """Green: every row is right, amber: some are."""
    from portal.untrusted import read_workbook
    from portal.untrusted.workbooks import Workbook
    from students.roster import spreadsheet_reader
    from students.roster.headings import UNASSIGNED

    lines = read_workbook.answer(data)
    return _judged_roster(lambda: nullcontext(spreadsheet_reader.roster_of(Workbook(lambda: next(lines)), UNASSIGNED)))


def confined_workbook(data: bytes) -> tuple[str, str]:
    from students.roster import spreadsheet_reader

    return _judged_roster(lambda: spreadsheet_reader.open_roster(data))


def _judged_roster(opened: Callable[[], AbstractContextManager[Any]]) -> tuple[str, str]:
    from portal.errors import PortalError
    from portal.untrusted.workbooks import REFUSALS
    from students.roster.validation import RowValidator

    try:
        with opened() as roster:
            validator = RowValidator(roster.place)
            good = sum(1 for _row in validator.valid_rows(roster.rows))
    except PortalError as refusal:
        return "lost" if str(refusal) == str(REFUSALS["lost"]) else "refused", str(refusal)
    words = [str(problem) for problems in validator.wrong.values() for problem in problems.values()]
    return ("green" if not words else "amber" if good else "red"), words[0] if words else ""


def _workbook_modules() -> None:
    from portal.pdf import fonts

    fonts.covered_code_points()


def _pdfs(seed: int, number: int) -> Iterator[Sample]:
    from tests.support.hostile_papers import pdfs

    return pdfs(seed, number)


def judged_pdf(data: bytes) -> tuple[str, str]:
    from portal.untrusted import render_pdf, scans
    from portal.untrusted.limits import Refused

    try:
        render_pdf.render(data)
    except Refused as refusal:
        return refusal.code, str(scans.REFUSALS[refusal.code])
    return "green", ""


def confined_pdf(data: bytes) -> tuple[str, str]:
    from portal.errors import PortalError
    from portal.untrusted import scans

    try:
        scans.picture_of_pdf(data)
    except PortalError as refusal:
        return "lost" if str(refusal) == str(scans.REFUSALS["lost"]) else "refused", str(refusal)
    return "green", ""


def _pdf_modules() -> None:
    from portal.untrusted import render_pdf

    render_pdf.prepare()


def _archives(seed: int, number: int) -> Iterator[Sample]:
    from tests.support.hostile_archives import archives

    return archives(seed, number)


def judged_archive(data: bytes) -> tuple[str, str]:
    """An archive or workbook of admission photos. Green: every picture is taken, amber: some are."""
    import io

    from capture.same_person import admission_upload, picture_workbook
    from capture.same_person.picture_archive import PictureArchive
    from portal.errors import PortalError

    found = admission_upload.Report()
    try:
        archive = PictureArchive(io.BytesIO(data))
        if picture_workbook.is_workbook(archive):
            archive.entries = picture_workbook.entries_of(archive)
    except PortalError as refusal:
        return "refused", str(refusal)
    entries = dict(enumerate(archive.pictures()))
    good = 0
    for batch in admission_upload.batches(archive, entries, found):
        answers = zip(
            batch.values(), admission_upload.normalised([data for _name, data in batch.values()]), strict=True
        )
        for (name, _data), answer in answers:
            if isinstance(answer, bytes):
                good += 1
            else:
                found.refuse(name, answer.code)
    words = [str(admission_upload.REASONS[code]) for code in found.counts] or ["" if good else "no picture"]
    return ("red" if not good else "amber" if found.counts else "green"), words[0]


def _archive_modules() -> None:
    from capture.same_person import admission_upload  # noqa: F401


def _codes(seed: int, number: int) -> Iterator[Sample]:
    from tests.support.hostile_codes import codes

    return codes(seed, number)


def judged_code(data: bytes) -> tuple[str, str]:
    """Green: a text was read. What it says, the registry's decoder knows alone."""
    from capture.sign_in import read_code
    from vision.errors import SENTENCES, Unreadable

    try:
        texts = read_code.texts_in(read_code.grey_of(data))
    except Unreadable as refusal:
        return refusal.code, str(SENTENCES[refusal.code])
    return ("green", "") if texts else ("red", "no code")


def confined_code(data: bytes) -> tuple[str, str]:
    from capture.sign_in import code_pictures

    try:
        code_pictures.text_of(data)
    except code_pictures.NoCode as refusal:
        return "refused", str(refusal)
    return "green", ""


def _code_modules() -> None:
    from capture.sign_in import code_pictures, read_code  # noqa: F401


def _certificates(seed: int, number: int) -> Iterator[Sample]:
    from tests.support.hostile_certificates import certificates

    return certificates(seed, number)


def judged_certificate(data: bytes) -> tuple[str, str]:
    from django import forms

    from portal.errors import PortalError
    from printing.handover import certificates

    field = forms.CharField(max_length=certificates.MOST_CHARACTERS)
    try:
        certificates.read(field.clean(data.decode("utf-8", "replace")))
    except forms.ValidationError as refusal:
        return "refused", refusal.messages[0]
    except PortalError as refusal:
        return "refused", str(refusal)
    return "green", ""


def _certificate_modules() -> None:
    from printing.handover import certificates  # noqa: F401


KINDS = {
    "photos": Kind(_photos, judged_photo, _photo_networks),
    "workbooks": Kind(_workbooks, judged_workbook, _workbook_modules, confined_workbook),
    "pdfs": Kind(_pdfs, judged_pdf, _pdf_modules, confined_pdf),
    "archives": Kind(_archives, judged_archive, _archive_modules),
    "codes": Kind(_codes, judged_code, _code_modules, confined_code),
    "certificates": Kind(_certificates, judged_certificate, _certificate_modules),
}


# --- children --------------------------------------------------------------------------------------------------------


def _memory(name: str, *, fresh: bool = False) -> int:
    """MB that the process holds (VmRSS), or held at most since the last call with `fresh` (VmHWM);
    0 on other systems than Linux.
    """
    if not STATUS.exists():
        return 0
    if fresh:
        CLEAR.write_text("5")
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) // 1024


def serve(wire: Connection, kind: str, is_confined: bool) -> None:
    """The child: answers files until it is told to end. What asks for all memory there is gets a MemoryError."""
    import django

    django.setup()
    KINDS[kind].prepare()
    most = _memory("VmSize") * 2**20 + ROOM
    if most > ROOM:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    idle = _memory("VmRSS")
    while (task := wire.recv()) is not None:
        name, data = task
        wire.send(answer(name, data, (is_confined and KINDS[kind].confined) or KINDS[kind].judged, idle))


class Child:
    """A process that answers files of one kind. It is replaced when a file has killed it."""

    def __init__(self, kind: str, is_confined: bool) -> None:
        self.kind, self.is_confined = kind, is_confined
        self._start()

    def _start(self) -> None:
        self.wire, end = mp.Pipe()
        self.process = mp.get_context("spawn").Process(
            target=serve, args=(end, self.kind, self.is_confined), daemon=True
        )
        self.process.start()
        end.close()

    def ask(self, name: str, data: bytes) -> Answer:
        try:
            self.wire.send((name, data))
            if self.wire.poll(PATIENCE):
                return self.wire.recv()
            found = Answer(name, "hangs", PATIENCE)
        except (EOFError, ConnectionError):
            self.process.join(5)
            found = Answer(name, "crash", words=f"exit code {self.process.exitcode}")
        self.process.kill()
        self._start()
        return found

    def end(self) -> None:
        self.wire.send(None)
        self.process.join()


def answers_of(kind: str, samples: Iterator[Sample], children: int, is_confined: bool = False) -> Iterator[Answer]:
    """All answers, in no order. The files are made here, one after the other, so that what making them costs is not counted."""
    crew, lock, local = [], threading.Lock(), threading.local()

    def work(_: int) -> list[Answer]:
        """One file: the next."""
        with lock:
            sample = next(samples, None)
            data = sample[1]() if sample else b""
        if sample is None:
            return []
        if not hasattr(local, "child"):
            local.child = Child(kind, is_confined)
            crew.append(local.child)
        return [local.child.ask(sample[0], data)]

    with ThreadPoolExecutor(children) as pool:
        pending = [pool.submit(work, n) for n in range(children)]
        while pending:
            found = pending.pop(0).result()
            if found:
                pending.append(pool.submit(work, 0))
            yield from found
    for child in crew:
        child.end()


# --- the run ---------------------------------------------------------------------------------------------------------


def logged(log: Path | None) -> dict[str, Answer]:
    lines = log.read_text().splitlines() if log and log.exists() else []
    return {entry.name: entry for entry in (Answer(**json.loads(line)) for line in lines)}


def run(options: argparse.Namespace, kind: str, log: Path | None) -> list[Answer]:
    number, seed, keep = options.files, options.seed, options.keep
    done = logged(log)
    made: dict[str, Callable[[], bytes]] = {}

    def left() -> Iterator[Sample]:
        for name, make in KINDS[kind].samples(seed, number):
            if name not in done:
                if keep:
                    made[name] = make
                yield name, make

    for found in answers_of(kind, left(), options.children, options.confined):
        done[found.name] = found
        if log:
            with log.open("a") as file:
                file.write(json.dumps(asdict(found), ensure_ascii=False) + "\n")
        make = made.pop(found.name, None)
        if keep and make and found.fault:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / found.name.replace(": ", "_").replace(" ", "_").replace("/", "_")).write_bytes(make())
    return list(done.values())


def report(answers: list[Answer]) -> None:
    for outcome, count in Counter(entry.outcome for entry in answers).most_common():
        print(f"  {outcome:<30}{count:>6}")
    families = defaultdict(list)
    for entry in answers:
        families[entry.family].append(entry)
    columns = ("files", "refused", "judged", "exceptions", "crashes", "hangs", "beyond")
    print(f"{'':<26}" + "".join(f"{name:>11}" for name in columns) + "    slowest   memory")
    for family, entries in [*sorted(families.items()), ("all", answers)]:
        faults = Counter(entry.fault for entry in entries)
        judged = sum(entry.outcome in ("green", "amber", "red") for entry in entries)
        wrong = (faults["exception"], faults["crash"], faults["hangs"])
        numbers = (len(entries), len(entries) - judged - sum(wrong), judged, *wrong, faults["slow"] + faults["memory"])
        slowest, most = max(entry.seconds for entry in entries), max(entry.megabytes for entry in entries)
        print(f"{family:<26}" + "".join(f"{n:>11}" for n in numbers) + f"{slowest:>9.2f} s{most:>6} MB")
    for what, key in (("slowest", lambda entry: entry.seconds), ("most memory", lambda entry: entry.megabytes)):
        first = sorted(answers, key=key, reverse=True)[:4]
        print(
            f"{what:<13}", ", ".join(f"{entry.name} ({entry.seconds:.2f} s, {entry.megabytes} MB)" for entry in first)
        )
    silent = [entry.name for entry in answers if not entry.words and entry.outcome != "green"]
    print("sentences     ", len({entry.words for entry in answers}), "different; without one and not green:", silent)
    for entry in answers:
        if entry.fault:
            print("FAULT", entry.fault, entry)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="?", type=int, default=300)
    parser.add_argument("seed", nargs="?", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--children", type=int, default=1)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only")
    parser.add_argument("--confined", action="store_true")
    options = parser.parse_args()
    import django

    django.setup()
    faults = 0
    for kind in options.kind or KINDS:
        if options.only:
            wanted = [s for s in KINDS[kind].samples(options.seed, options.files) if s[0] == options.only]
            print(*answers_of(kind, iter(wanted), 1, options.confined), sep="\n")
            continue
        log = options.log and options.log.with_name(f"{options.log.stem}-{kind}.jsonl")
        start = time.monotonic()
        answers = run(options, kind, log)
        print(f"{len(answers)} hostile {kind}, seed {options.seed}, {time.monotonic() - start:.0f} s")
        report(answers)
        faults += sum(bool(entry.fault) for entry in answers)
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
