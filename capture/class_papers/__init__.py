"""Papers of classes: the check-list (核对表) to sign, and the contact sheet (照片一览表)."""
