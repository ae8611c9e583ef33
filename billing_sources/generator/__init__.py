"""Balanced, realistic telecom bill files of the demo carrier, for the demo, the tests and the benchmarks. Pure.

for generated in generate_cycle(CycleOrder("atlas", customers=16, accounts=200, invoices=250, seed=1, …)):
    with open(generated.name, "wb") as file:
        manifest = generated.write(file)
"""

from __future__ import annotations

from billing_sources.generator.carrier import Account, AccountNode, Carrier, Customer, carrier, customers
from billing_sources.generator.cycle import GeneratedFile, Manifest, billed_accounts, corrected_file, generate_cycle
from billing_sources.generator.faults import FAULTS, PlantedFault
from billing_sources.generator.plan import CycleOrder, month_before

__all__ = [
    "FAULTS",
    "Account",
    "AccountNode",
    "Carrier",
    "Customer",
    "CycleOrder",
    "GeneratedFile",
    "Manifest",
    "PlantedFault",
    "billed_accounts",
    "carrier",
    "corrected_file",
    "customers",
    "generate_cycle",
    "month_before",
]
