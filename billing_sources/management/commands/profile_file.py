"""`profile_file PATH [--encoding …] [--delimiter …]`: what an unknown bill file looks like, and a draft of its mapping.

Exit 0: profiled; 2: it cannot be, and the reason is printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing_sources.profiling.form import NoProfile
from billing_sources.profiling.profile import profile
from billing_sources.profiling.report import lines


class Command(BaseCommand):
    help = (
        "Profiles an unknown bill file: form, record types, columns, days, signs, sums, totals; a draft of a mapping."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--encoding", default="", help="of text and EBCDIC (default: guessed)")
        parser.add_argument("--delimiter", default="", help="one character, or \\t (default: guessed)")

    def handle(self, *args: object, **options: Any) -> None:
        path: Path = options["path"]
        delimiter = options["delimiter"].replace("\\t", "\t")
        try:
            if len(delimiter) > 1:
                raise NoProfile("the delimiter is one character")
            found = profile(lambda: path.open("rb"), options["encoding"], delimiter)
        except (NoProfile, OSError) as reason:
            raise CommandError(f"{path.name}: {reason}", returncode=2) from reason
        self.stdout.write("\n".join(lines(found)))
