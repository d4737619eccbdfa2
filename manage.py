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

    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        from portal import outages

        if "--traceback" in sys.argv or not outages.is_machines(error):
            raise
        reason = str(error).partition("\n")[0]
        sys.exit(
            f"数据库、Redis、文件存储或磁盘暂时不可用，请恢复后重新运行：{reason}\n"
            f"PostgreSQL, Redis, the stored files or the disk cannot be used at this moment. Run it again when they can: {reason}"
        )


if __name__ == "__main__":
    main()
