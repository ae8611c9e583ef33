"""What is kept of the bills: where they came from, what they said, and what did not hold."""

from billing_sources.models.evidence import ProofLine
from billing_sources.models.invoices import Charge, Invoice, TaxItem
from billing_sources.models.replies import FileReply
from billing_sources.models.runs import ImportFile, ImportIssue, ImportRun, NightSlot, QuarantinedInvoice, RawDocument
from billing_sources.models.stages import Stage
from billing_sources.models.systems import AccountLink, BillCycle, BillingSystem
from billing_sources.models.usage import UsageRecord
from billing_sources.models.vocabularies import Rehearsal, TermCount, VocabularyVersion

__all__ = [
    "AccountLink",
    "BillCycle",
    "BillingSystem",
    "Charge",
    "FileReply",
    "ImportFile",
    "ImportIssue",
    "ImportRun",
    "Invoice",
    "NightSlot",
    "ProofLine",
    "QuarantinedInvoice",
    "RawDocument",
    "Rehearsal",
    "TermCount",
    "VocabularyVersion",
    "Stage",
    "TaxItem",
    "UsageRecord",
]
