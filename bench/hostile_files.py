"""Hostile files: whatever is sent, the answer is a verdict or a sentence, soon, and in bounded memory.

    .venv/bin/python -m bench.hostile_files [FILES] [SEED]

Each file takes the way of an upload in a process of its own kind: cleaned, opened, measured, judged, made a portrait, put into
words. A child does the work, so that a crash of a decoder is counted instead of ending the run. Budget: no exception, no
crash, 2 s of processor time, 400 MB over the models.
"""

import multiprocessing as mp
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
PATIENCE = 60  # s until a file counts as one that hangs
MAX_BYTES = 20 * 1024 * 1024
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Answer:
    """`outcome`: green, amber, red, the code of a refusal, or the fault. `seconds`: processor time.
    `megabytes`: memory. `words`: the first sentence.
    """

    name: str
    outcome: str
    seconds: float = 0.0
    megabytes: int = 0
    words: str = ""

    @property
    def is_fault(self) -> bool:
        return self.outcome.startswith(("exception", "crash", "hangs"))


def answer(name: str, data: bytes) -> Answer:
    """What an upload of these bytes gets."""
    before, start = _memory("VmRSS", fresh=True), time.process_time()
    try:
        outcome, words = judged(data)
    except Exception as error:  # noqa: BLE001 - what is looked for here
        outcome, words = f"exception {type(error).__name__}", str(error)[:120]
    return Answer(name, outcome, time.process_time() - start, _memory("VmHWM") - before, words)


def judged(data: bytes) -> tuple[str, str]:
    """(outcome, the first sentence) of one file."""
    import vision
    from capture.upload import normalising
    from portal.errors import PortalError

    try:
        source, measures = vision.open_and_measure(normalising.normalise(data, max_bytes=MAX_BYTES).jpeg)
    except (PortalError, vision.Unreadable) as refusal:  # at the upload, or in the worker
        return getattr(refusal, "code", "refused"), str(refusal)
    verdict = vision.judge(measures)
    if not verdict.is_rejected:
        portrait = vision.make_portrait(source, measures, background="blue", limits=vision.limits_of())
        verdict = vision.Verdict((*verdict.findings, *portrait.findings))
    normalising.make_preview(source)
    words = [f"{vision.sentence_for(finding)} {vision.advice_for(finding)}" for finding in verdict.findings]
    return verdict.outcome, words[0] if words else ""


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


def serve(wire: Connection) -> None:
    """The child: answers files until it is told to end."""
    import django

    django.setup()
    import vision

    vision.warm_up()
    while (task := wire.recv()) is not None:
        wire.send(answer(*task))


class Child:
    """A process that judges files. It is replaced when a file has killed it."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.wire, end = mp.Pipe()
        self.process = mp.get_context("spawn").Process(target=serve, args=(end,), daemon=True)
        self.process.start()
        end.close()

    def ask(self, name: str, data: bytes) -> Answer:
        self.wire.send((name, data))
        try:
            if self.wire.poll(PATIENCE):
                return self.wire.recv()
            found = Answer(name, "hangs", PATIENCE)
        except (EOFError, ConnectionError):
            found = Answer(name, "crash")
        self.process.kill()
        self._start()
        return found


def main(number: int, seed: int) -> None:
    import django

    django.setup()
    from tests.support.hostile_files import files

    child = Child()
    answers = [child.ask(name, data) for name, data in files(seed, number)]
    child.wire.send(None)
    print(f"{len(answers)} hostile files, seed {seed}")
    for outcome, count in Counter(entry.outcome for entry in answers).most_common():
        print(f"  {outcome:<30}{count:>5}")
    slow = sorted(answers, key=lambda entry: entry.seconds, reverse=True)
    print("slowest    ", ", ".join(f"{entry.name}: {entry.seconds:.2f} s" for entry in slow[:4]))
    large = sorted(answers, key=lambda entry: entry.megabytes, reverse=True)
    print("most memory", ", ".join(f"{entry.name}: {entry.megabytes} MB" for entry in large[:4]))
    print("sentences  ", len({entry.words for entry in answers}), "different; without one and not green:", end=" ")
    print([entry.name for entry in answers if not entry.words and entry.outcome != "green"])
    for entry in answers:
        if entry.is_fault:
            print("FAULT", entry)


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:3]]
    main(*numbers, *(600, 1)[len(numbers) :])
