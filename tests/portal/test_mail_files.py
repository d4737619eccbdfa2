"""Mails of a machine without a mail server."""

from django.core.mail import send_mail


def test_only_the_owner_reads_the_mails(tmp_path, settings):
    settings.EMAIL_BACKEND = "portal.notifications.mail_files.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    send_mail("Invitation", "https://portal.example/link", None, ["clerk@example.org"])
    (file,) = settings.EMAIL_FILE_PATH.iterdir()
    assert (settings.EMAIL_FILE_PATH.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    assert "https://portal.example/link" in file.read_text()
