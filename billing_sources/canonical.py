"""The canonical invoice: what every billing system's bill becomes. Pure.

Names follow TM Forum's TMF678 where it has one and EN 16931's business terms for money.
Money is `Decimal`, positive means that the customer owes; a credit note is negative throughout,
whatever sign its source prints. Dates are `datetime.date`. Text is stripped, never None.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec


class Category(StrEnum):
    """The closed list of what a charge can be."""

    RECURRING = "recurring"
    USAGE = "usage"
    ONE_TIME = "one_time"
    EQUIPMENT = "equipment"
    DISCOUNT = "discount"
    ADJUSTMENT = "adjustment"
    LATE_FEE = "late_fee"
    SURCHARGE = "surcharge"
    TAX = "tax"
    CARRIED_BALANCE = "carried_balance"
    DEPOSIT = "deposit"
    ROUNDING = "rounding"


class BillType(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    CORRECTED = "corrected"
    MEMO = "memo"  # repeats a bill for information: never payable
    VOID = "void"  # the source's word that the bill of this number is void: nothing on it is due


class CanonicalAccount(msgspec.Struct):
    """One node of the account tree a bill speaks of. `parent` is another node's `external_id`, "" at the top."""

    external_id: str
    parent: str = ""
    level: str = ""  # what the system calls this tier: "billing arrangement", "site", …
    name: str = ""
    address: str = ""  # where it stands, on one line


class CanonicalCharge(msgspec.Struct, gc=False):
    """One charge. `amount` is net of tax, at the source's own precision.

    `is_information_only` charges are shown and never added (memo lines, parent totals that repeat children).
    A document-level allowance or charge of EN 16931 is a charge with `scope="document"`.
    """

    position: int  # 1-based order within the bill
    category: Category
    source_term: str  # what the system calls it, always kept
    amount: Decimal
    description: str = ""
    account: str = ""  # external_id of the node it belongs to; "" = the bill's own account
    service: str = ""  # telephone number, circuit, resource
    product_code: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    unit_price: Decimal | None = None
    period_start: date | None = None
    period_end: date | None = None
    scope: str = "line"  # line | document
    is_information_only: bool = False
    is_mapped: bool = True  # False: the vocabulary does not know the term; category is then `adjustment`
    origin: str = ""  # position in the raw file: "segment 41", "line 12", an xpath


class CanonicalTax(msgspec.Struct, gc=False):
    """One tax figure. `is_included` taxes are part of the bill's tax total; the others are for information."""

    category: str  # S Z E AE K G O L M or the authority's own type
    amount: Decimal
    base: Decimal | None = None
    rate_percent: Decimal | None = None
    jurisdiction: str = ""
    scope: str = "bill"  # bill | charge
    account: str = ""
    is_included: bool = True
    origin: str = ""


class CanonicalUsage(msgspec.Struct, gc=False):
    """One call, message or session behind a usage charge. `amount` is as rated by the source, at its own precision.

    Usage explains a charge and is never added to it: the proof is that the records of a charge add up to its amount.
    """

    charge: int  # position of the charge it explains; 0 where the source does not say
    started_at: datetime  # as the source prints it, without zone
    amount: Decimal
    kind: str = ""  # the source's word: "LOCAL", "voice", "roaming data"
    service: str = ""  # telephone number, circuit, resource that was used
    other_party: str = ""  # number called or calling, destination
    quantity: Decimal | None = None
    unit: str = ""  # s, min, MB, …
    origin: str = ""


class CanonicalInvoice(msgspec.Struct):
    """One bill, as its source states it. Identity is (system, entity, number); load adds the revision.

    `amount_due` is what the paper says is due, carried debt included. `payable`, what can be allocated, is derived
    by `billing_sources.checks`: the bill's own current charges and taxes (tax_included − prepaid + rounding).
    """

    system: str
    number: str
    bill_type: BillType
    type_code: str  # the source's own: 380, 381, CD, DI, ME …
    currency: str
    billed_on: date
    account: str  # external_id of the node that is billed
    entity: str = ""  # numbers are unique only within it (the seller's id, a legal entity)
    due_on: date | None = None
    period_start: date | None = None
    period_end: date | None = None
    cycle: str = ""
    tax_currency: str = ""
    seller: str = ""
    seller_id: str = ""
    buyer: str = ""
    buyer_id: str = ""
    buyer_address: str = ""  # on one line; told to staff of accounts that nobody knows, and not kept with the bill
    remit_to: tuple[str, ...] = ()  # name and address lines
    payment_reference: str = ""
    preceding: str = ""  # number of the bill that this one refers to
    replaces: str = ""  # number of the bill whose place this one takes: a rebill under a number of its own
    note: str = ""
    # Statement part (balance-forward systems)
    previous_balance: Decimal | None = None
    payments_received: Decimal | None = None
    adjustments_prior: Decimal | None = None
    balance_forward: Decimal | None = None
    # Totals as the source states them; None where it states none
    line_total: Decimal | None = None
    allowance_total: Decimal | None = None
    charge_total: Decimal | None = None
    tax_excluded: Decimal | None = None
    tax: Decimal | None = None
    tax_included: Decimal | None = None
    prepaid: Decimal | None = None
    rounding: Decimal | None = None
    amount_due: Decimal | None = None
    is_payable: bool = True
    accounts: list[CanonicalAccount] = []
    charges: list[CanonicalCharge] = []
    taxes: list[CanonicalTax] = []
    usage: list[CanonicalUsage] = []
    origin: str = ""  # position of the bill in its file: "set 0001, segment 3", "Invoice[1]"
    # What the reader found wrong with a bill that it could still read; the checks add these to their own
    flaws: list[Issue] = []


class Issue(msgspec.Struct, frozen=True):
    """Something that did not hold. `rule` is stable and documented; position and field say where."""

    rule: str
    position: str = ""
    field: str = ""
    expected: str = ""
    found: str = ""
    number: str = ""  # the bill it concerns; "" when it concerns the file
    is_fatal: bool = True  # False: the bill is loaded and published, the issue waits for a person
    account: str = ""  # of a bill that could not be read, where that much of it could


class FileRejected(Exception):
    """The file as a whole cannot be read. Carries the one issue that says why."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(f"{issue.rule} at {issue.position or 'start'}: expected {issue.expected}, found {issue.found}")
        self.issue = issue


class ControlTotals(msgspec.Struct):
    """What a file declares about itself; None where its format declares nothing."""

    bills: int | None = None
    amount: Decimal | None = None  # sum of the bills' own totals, payable or not, in file currency
    records: int | None = None  # segments, lines, documents
    sha256: str = ""  # of the file, where a control file states it
