#!/usr/bin/env python
"""Django's command line. Commands that need no database start no services."""

import os
import sys

WITHOUT_DATABASE = {"check_photo", "make_portrait", "evaluate_checks"}


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] in WITHOUT_DATABASE:
        os.environ.setdefault("TUCAI_SERVICES", "none")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
