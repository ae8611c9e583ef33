"""What is kept of paying: plans, the ledger of allocations, approvals, and what AR was told."""

from payments.models.allocations import Allocation, AllocationEvent
from payments.models.approvals import (
    ApprovalPolicy,
    ApprovalStep,
    Delegation,
    LimitUse,
    LimitUseEvent,
    PolicyDecision,
    SubmittedVersion,
)
from payments.models.ar import ArAcknowledgement, ArMessage, ArPosting, Break
from payments.models.changes import ChangedInvoice, ChangeSet
from payments.models.commands import Command
from payments.models.credits import OnAccountCredit
from payments.models.disputes import (
    Dispute,
    DisputeCharge,
    DisputeEvent,
    DisputeFile,
    DisputeMessage,
    ShortPayDispute,
)
from payments.models.eligibility import MethodRule
from payments.models.exports import Export
from payments.models.organising import (
    AccountTag,
    GroupApprover,
    GroupRule,
    InvoiceGroup,
    InvoiceGroupMember,
    InvoiceTag,
    Tag,
)
from payments.models.pasting import Paste
from payments.models.proposals import Proposal, ProposedPlacement
from payments.models.runs import Approval, Payment, PayRun, PayRunEditor, PayRunItem, ShortPay
from payments.models.to_pay import ToPay
from payments.models.views import DefaultView, SavedView, ValueList
from payments.models.workbooks import Workbook, WorkbookUpload

__all__ = [
    "AccountTag",
    "Allocation",
    "AllocationEvent",
    "Approval",
    "ApprovalPolicy",
    "ApprovalStep",
    "ArAcknowledgement",
    "ArMessage",
    "ArPosting",
    "Break",
    "ChangeSet",
    "ChangedInvoice",
    "Command",
    "Delegation",
    "DefaultView",
    "Dispute",
    "DisputeCharge",
    "DisputeEvent",
    "DisputeFile",
    "DisputeMessage",
    "GroupApprover",
    "GroupRule",
    "Export",
    "InvoiceGroup",
    "InvoiceGroupMember",
    "InvoiceTag",
    "LimitUse",
    "LimitUseEvent",
    "MethodRule",
    "OnAccountCredit",
    "Paste",
    "PayRun",
    "PayRunEditor",
    "PayRunItem",
    "Payment",
    "PolicyDecision",
    "Proposal",
    "ProposedPlacement",
    "SavedView",
    "ShortPay",
    "ShortPayDispute",
    "SubmittedVersion",
    "Tag",
    "ToPay",
    "ValueList",
    "Workbook",
    "WorkbookUpload",
]
