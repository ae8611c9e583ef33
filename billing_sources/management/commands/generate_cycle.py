"""`generate_cycle SYSTEM`: write the bill files of one cycle, balanced and realistic, with faults where asked for."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing_sources.generator import FAULTS, FORMATS, SYSTEMS, CycleOrder, Manifest, corrected_file, generate_cycle


class Command(BaseCommand):
    help = "Writes balanced, realistic bill files of the demo carrier. The same seed gives the same accounts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "\n".join(["faults:", *_faults()])
        parser.add_argument("system", choices=SYSTEMS)
        parser.add_argument("--customers", type=int, default=16, help="how many of the carrier's customers")
        parser.add_argument("--accounts", type=int, default=100, help="accounts billed in this cycle")
        parser.add_argument("--invoices", type=int, help="bills to write (default: one an account)")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--billed-on", type=date.fromisoformat, default=None, help="YYYY-MM-DD (default: today)")
        parser.add_argument("--cycle", default="1", help="code of the bill cycle")
        parser.add_argument("--charges", type=int, default=8, help="mean number of charges on a bill")
        parser.add_argument("--calls", type=int, help="mean number of usage records behind a usage charge")
        parser.add_argument("--currencies", type=_listed, default=(), help="SEK,EUR,… (default: the system's own)")
        parser.add_argument("--faults", type=_listed, default=(), help="faults to plant, see below")
        parser.add_argument("--reissue", type=_listed, default=(), help="write only these bills again, corrected")
        parser.add_argument("--by", type=int, default=-6, help="percent that --reissue changes recurring prices by")
        parser.add_argument("--out", type=Path, required=True, help="folder that the files are written into")

    def handle(self, *args: object, **options: Any) -> None:
        try:
            order = _order(options)
            reissue = options["reissue"]
            files = [corrected_file(order, reissue, options["by"])] if reissue else generate_cycle(order)
            for generated in files:
                self._report(generated.write_into(options["out"]))
        except ValueError as error:
            raise CommandError(str(error)) from error

    def _report(self, manifest: Manifest) -> None:
        self.stdout.write(
            f"{manifest.name}: {manifest.bills} bills, {manifest.charges} charges of {manifest.charge_total}, "
            f"taxes {manifest.tax_total}, due {manifest.amount_due}; {manifest.usage_records} usage records"
        )
        for fault in manifest.faults:
            self.stdout.write(f"  planted {fault.fault} {fault.number or 'in the file'}: {fault.rule or 'no rule'}")


def _faults() -> Iterator[str]:
    yield from (f"  {name:<15} {meaning}" for name, meaning in FAULTS.items())
    for format in FORMATS.values():
        yield from (f"  {name:<15} {meaning} ({format.key} only)" for name, meaning in format.own_faults.items())


def _order(options: dict[str, Any]) -> CycleOrder:
    return CycleOrder(
        system=options["system"],
        customers=options["customers"],
        accounts=options["accounts"],
        invoices=options["invoices"] or options["accounts"],
        seed=options["seed"],
        billed_on=options["billed_on"] or timezone.localdate(),
        cycle=options["cycle"],
        faults=options["faults"],
        charges=options["charges"],
        currencies=options["currencies"],
        calls=options["calls"],
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
