"""`manage.py replay_proposal CODE`: does a proposal come out as it was kept?"""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from payments.models import Proposal
from payments.proposals.replay import replay
from portal.tenancy import carrier


class Command(BaseCommand):
    help = "Recomputes a proposal from its stored inputs and compares the hashes; exit 1 if they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", type=UUID)

    def handle(self, *, code: UUID, **options: Any) -> None:
        with carrier(read_only=True):
            proposal = Proposal.objects.filter(code=code).first()
        if proposal is None:
            raise CommandError("There is no such proposal.")
        found = replay(proposal)
        self.stdout.write(f"made by engine {found.engine}, replayed by engine {found.engine_now}")
        self.stdout.write(f"inputs  {found.inputs_sha256}  now {found.inputs_now}")
        self.stdout.write(f"result  {found.result_sha256}  now {found.result_now}")
        self.stdout.write("identical" if found.is_identical else "DIFFERENT")
        if not found.is_identical:
            sys.exit(1)
