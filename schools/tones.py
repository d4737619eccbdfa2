"""What colour and picture a state has. Meaning only: ok = done, look = someone looks, act = someone must act."""

_TONES: dict[str, tuple[str, str]] = {
    # Student.stage
    "waiting": ("", "clock"),
    "checking": ("sky", "arrow-path"),
    "retake": ("act", "arrow-uturn-left"),
    "ready": ("sky", "paper-airplane"),
    "review": ("look", "eye"),
    "approved": ("ok", "check"),
    "proofed": ("ok", "check-badge"),
    "printed": ("ok", "printer"),
    "delivered": ("ok", "truck"),
    "locked": ("act", "lock-closed"),
    # Photo, Proof, Correction, Feedback
    "rejected": ("act", "x-circle"),
    "submitted": ("look", "eye"),
    "withdrawn": ("", "arrow-uturn-left"),
    "returned": ("act", "arrow-uturn-left"),
    "asked": ("look", "pencil-square"),
    "requested": ("look", "pencil-square"),
    "correction": ("look", "pencil-square"),
    "accepted": ("ok", "check"),
    "confirmed": ("ok", "check-badge"),
    "refused": ("act", "x-circle"),
    "declined": ("act", "x-circle"),
    "uploaded": ("look", "inbox-arrow-down"),
    "sent": ("look", "inbox-arrow-down"),
    "sent_back": ("act", "arrow-uturn-left"),
    # Enrolment, Season
    "preparing": ("", "clipboard-document-list"),
    "capturing": ("sky", "camera"),
    "proofreading": ("sky", "document-magnifying-glass"),
    "feedback_sent": ("look", "inbox-arrow-down"),
    "feedback_accepted": ("ok", "document-check"),
    "printing": ("sky", "printer"),
    "shipped": ("sky", "truck"),
    "received": ("ok", "check-badge"),
    "draft": ("", "pencil"),
    "open": ("ok", "lock-open"),
    "closed": ("", "lock-closed"),
    # fees
    "unpaid": ("look", "banknotes"),
    "created": ("look", "banknotes"),
    "pending": ("look", "clock"),
    "partial": ("look", "banknotes"),
    "paid": ("ok", "check-circle"),
    "settled": ("ok", "check-circle"),
    "refunded": ("", "receipt-refund"),
    "free": ("", "minus-circle"),
    "overdue": ("act", "exclamation-circle"),
    # jobs and checks
    "queued": ("", "clock"),
    "running": ("sky", "arrow-path"),
    "done": ("ok", "check"),
    "failed": ("act", "x-circle"),
    "pass": ("ok", "check"),
    "warn": ("look", "exclamation-triangle"),
    "reject": ("act", "x-circle"),
}


def tone_of(state: str) -> tuple[str, str]:
    """(tone, icon) of a state's value; neutral for one that is not in the table."""
    return _TONES.get(str(state), ("", "minus-circle"))
