#!/usr/bin/env python
"""Tributary's commands. Starts the embedded servers where no DATABASE_URL and REDIS_URL are given."""

import os
import sys

NEEDS_NO_DATABASE = {"makemigrations", "collectstatic", "demo", "embedded", "help", "--version", "check"}
RUNS_AS_OWNER = {"migrate", "prepare_database", "sqlmigrate", "showmigrations"}


def main() -> None:
    verb = sys.argv[1] if len(sys.argv) > 1 else "help"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if verb in RUNS_AS_OWNER:
        os.environ["TRIBUTARY_ROLE"] = "owner"
    if verb not in NEEDS_NO_DATABASE:
        from portal import embedded

        embedded.ensure()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
