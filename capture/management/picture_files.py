"""Messages for files that a command cannot read or write."""

from django.utils.translation import gettext as _


def unreadable(path: str, error: OSError) -> str:
    """Why a file cannot be read."""
    values = {"path": path, "reason": error.strerror or error}
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _("%(path)s: there is no such file. Check the name and the folder.") % values
    if isinstance(error, IsADirectoryError):
        return _("%(path)s: this is a folder. Name a file in it.") % values
    if isinstance(error, PermissionError):
        return _("%(path)s: this file may not be read. Ask for the right to read it.") % values
    return _("%(path)s: this file cannot be read: %(reason)s") % values


def no_labels(path: str, error: OSError) -> str:
    """Why the table of labels cannot be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _("%(path)s: there are no labels. Make this table with the columns file and expected.") % {"path": path}
    return unreadable(path, error)


def no_table(path: str) -> str:
    return _("%(path)s: this is no table of labels: a CSV file in UTF-8 is needed.") % {"path": path}


def unwritable(path: str, error: OSError) -> str:
    """Why a file cannot be written."""
    values = {"path": path, "reason": error.strerror or error}
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _("%(path)s: there is no such folder. Make it first, or name another.") % values
    if isinstance(error, IsADirectoryError):
        return _("%(path)s: this is a folder. Give the portrait a file name.") % values
    if isinstance(error, PermissionError):
        return _("%(path)s: nothing may be written there. Choose another folder.") % values
    return _("%(path)s: this file cannot be written: %(reason)s") % values
