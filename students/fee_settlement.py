"""What other rooms do when a student begins to pay the fee, and when it is settled.

billing and capture both stand on this room and do not know each other: capture registers, billing tells.

    @fee_settlement.registers_settled
    def hand_in_awaiting(student: Student) -> None: ...
"""

from collections.abc import Callable

from students.models import Student

Handler = Callable[[Student], object]
_BEGUN: list[Handler] = []
_SETTLED: list[Handler] = []


def registers_begun(handler: Handler) -> Handler:
    """Register what is done in the transaction in which the student opens an order."""
    _BEGUN.append(handler)
    return handler


def registers_settled(handler: Handler) -> Handler:
    """Register what is done after the transaction in which the fee was settled, in the school's scope.

    It may be called more than once for the same fee, and not at all when the process is killed: a handler is safe to
    run twice, and a sweep of its room finds what was missed.
    """
    _SETTLED.append(handler)
    return handler


def tell_begun(student: Student) -> None:
    for handler in _BEGUN:
        handler(student)


def tell_settled(student: Student) -> None:
    for handler in _SETTLED:
        handler(student)
