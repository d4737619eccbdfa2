"""Mails of a start without a mail server, as files that only their owner reads: they hold links of invitations."""

import os

from django.core.mail.backends import filebased


class EmailBackend(filebased.EmailBackend):
    def open(self) -> bool:
        if self.stream is not None:
            return False
        os.chmod(self.file_path, 0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.stream = os.fdopen(os.open(self._get_filename(), flags, 0o600), "ab")
        return True
