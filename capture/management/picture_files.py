"""Pictures that a command cannot read or write, in a clerk's words."""

from django.utils.translation import gettext as _


def unreadable(path: str, error: OSError) -> str:
    """What is wrong with the file that a command was to read."""
    words = {"path": path, "reason": error.strerror or error}
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _("%(path)s: there is no such file. Check the name and the folder.") % words
    if isinstance(error, IsADirectoryError):
        return _("%(path)s: this is a folder. Name a file in it.") % words
    if isinstance(error, PermissionError):
        return _("%(path)s: this file may not be read. Ask for the right to read it.") % words
    return _("%(path)s: this file cannot be read: %(reason)s") % words


def no_labels(path: str, error: OSError) -> str:
    """Why the table of what is expected of each photo cannot be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _("%(path)s: there are no labels. Make this table with the columns file and expected.") % {"path": path}
    return unreadable(path, error)


def no_table(path: str) -> str:
    return _("%(path)s: this is no table of labels: a CSV file in UTF-8 is needed.") % {"path": path}


def unwritable(path: str, error: OSError) -> str:
    """What is wrong with the file that a command was to write."""
    words = {"path": path, "reason": error.strerror or error}
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _("%(path)s: there is no such folder. Make it first, or name another.") % words
    if isinstance(error, IsADirectoryError):
        return _("%(path)s: this is a folder. Give the portrait a file name.") % words
    if isinstance(error, PermissionError):
        return _("%(path)s: nothing may be written there. Choose another folder.") % words
    return _("%(path)s: this file cannot be written: %(reason)s") % words
