"""Balanced, realistic telecom bill files of the demo carrier, for the demo, the tests and the benchmarks. Pure.

for generated in generate_cycle(CycleOrder("atlas", customers=16, accounts=200, invoices=250, seed=1, …)):
    with open(generated.name, "wb") as file:
        manifest = generated.write(file)

A system's files are described by one `Format`; `formats.FORMATS` names them all.
"""

from __future__ import annotations

from billing_sources.generator.carrier import Account, AccountNode, Customer, customers
from billing_sources.generator.cycle import GeneratedFile, Manifest, billed_accounts, corrected_file, generate_cycle
from billing_sources.generator.faults import FAULTS, PlantedFault
from billing_sources.generator.format import Format
from billing_sources.generator.formats import FORMATS, SYSTEMS
from billing_sources.generator.plan import CycleOrder, month_before

__all__ = [
    "FAULTS",
    "FORMATS",
    "SYSTEMS",
    "Account",
    "AccountNode",
    "Customer",
    "CycleOrder",
    "Format",
    "GeneratedFile",
    "Manifest",
    "PlantedFault",
    "billed_accounts",
    "corrected_file",
    "customers",
    "generate_cycle",
    "month_before",
]
