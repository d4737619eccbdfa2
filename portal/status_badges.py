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
    # Photo, Finding
    "rejected": ("act", "x-circle"),
    "submitted": ("look", "eye"),
    "withdrawn": ("", "arrow-uturn-left"),
    "returned": ("act", "arrow-uturn-left"),
    "warn": ("look", "exclamation-triangle"),
    "reject": ("act", "x-circle"),
    # Proof, Correction, Feedback, Shipment
    "confirmed": ("ok", "check-badge"),
    "disputed": ("look", "pencil-square"),
    "correction.open": ("look", "pencil-square"),
    "accepted": ("ok", "check"),
    "declined": ("", "x-circle"),
    "made": ("", "document-text"),
    "sent": ("look", "inbox-arrow-down"),
    "sent_back": ("act", "arrow-uturn-left"),
    "shipped": ("sky", "truck"),
    "received": ("ok", "check-badge"),
    # Season, Enrolment
    "draft": ("", "pencil"),
    "open": ("ok", "lock-open"),
    "closed": ("", "lock-closed"),
    "preparing": ("", "clipboard-document-list"),
    "capturing": ("sky", "camera"),
    "proofreading": ("sky", "document-magnifying-glass"),
    "feedback_sent": ("look", "inbox-arrow-down"),
    "feedback_accepted": ("ok", "document-check"),
    "printing": ("sky", "printer"),
    # fees
    "unpaid": ("look", "banknotes"),
    "by_school": ("", "building-library"),
    "created": ("look", "banknotes"),
    "paid": ("ok", "check-circle"),
    "refunded": ("", "receipt-refund"),
    # Job, RosterImport
    "queued": ("", "clock"),
    "running": ("sky", "arrow-path"),
    "reading": ("sky", "arrow-path"),
    "preview": ("look", "eye"),
    "applying": ("sky", "arrow-path"),
    "done": ("ok", "check"),
    "failed": ("act", "x-circle"),
    "refused": ("act", "x-circle"),
    "dropped": ("", "x-mark"),
}


def tone_of(state: str, model: str = "") -> tuple[str, str]:
    """(tone, icon) of a state; `model.state` goes before the bare state, and one that nobody listed is neutral."""
    return _TONES.get(f"{model}.{state}") or _TONES.get(str(state), ("", "minus-circle"))
