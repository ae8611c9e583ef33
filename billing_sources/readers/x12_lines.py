"""The lines of an 811 or 810: charges, allowances and taxes as they come by. Pure.

Nothing is added twice: usage below a charge, sub-lines a price already includes, and line-level figures that the
summary repeats are kept for information only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from billing_sources.canonical import CanonicalCharge, CanonicalTax, Category
from billing_sources.readers.values import ZERO, Unreadable
from billing_sources.readers.x12 import Segment
from billing_sources.readers.x12_accounts import USAGE, AccountTree, Node
from billing_sources.readers.x12_envelope import element
from billing_sources.readers.x12_table import Detail
from billing_sources.readers.x12_values import amount, day, implied_cents, rate_percent

_EXTENDED = "M4"  # IT103: IT104 is the whole amount, and the quantity must not multiply it
_ADJUSTMENT, _CARRIED, _TAX = Category.ADJUSTMENT, Category.CARRIED_BALANCE, Category.TAX  # for each of millions
_LEVELS = {str(level): level for level in range(1, 100)}
Lookup = Callable[[str], Category | None]


class Lines:
    """One bill's lines while they are read. Each public method but the last takes a segment and its position."""

    def __init__(self, detail: Detail, lookup: Lookup, level_names: Sequence[str], is_blank_tax_added: bool) -> None:
        self.charges: list[CanonicalCharge] = []
        self.taxes: list[CanonicalTax] = []
        self.tree = AccountTree(detail.numbers, level_names)
        self.is_summary = True  # outside any line: before the first and after TDS
        self._lookup = lookup
        self._is_blank_tax_added = is_blank_tax_added
        self._items, self._allowances, self._numbers, self._services, self._periods = detail
        self._nodes: dict[str, Node] = {}
        self._node: Node | None = None
        self._charge: CanonicalCharge | None = None  # the line that is still being described
        self._terms: list[str] = []  # what it might be called, the best first
        self._texts: list[str] = []  # what its PIDs say
        self._is_priced = False  # whether the last IT1 carried an amount of its own
        self._measured: CanonicalCharge | None = None

    def loop(self, segment: Segment, position: int) -> None:
        """HL: open a node below the one it names."""
        self._settle()
        number, above, level_text = segment[1:4] if len(segment) > 3 else ("", "", "")
        parent, level = self._nodes.get(above), _LEVELS.get(level_text)
        if above and parent is None:
            raise Unreadable("HL02 naming an earlier HL01")
        if level is None:
            raise Unreadable("a level number in HL03")
        if parent is None:
            node = Node(level)
        else:
            node = Node(level, parent, parent.account, parent.service, parent.term, parent.category)
        self._node = self._nodes[number] = node

    def item(self, segment: Segment, position: int) -> None:
        """IT1 or SLN: a charge, described by what follows."""
        self._settle()
        tag = segment[0]
        at_quantity, at_unit, at_price, at_code = self._items[tag]
        if len(segment) <= at_code:
            segment = segment + [""] * (at_code + 1 - len(segment))
        price_text, unit, quantity_text = segment[at_price], segment[at_unit][:2], segment[at_quantity]
        quantity = amount(quantity_text) if quantity_text else None
        price = amount(price_text) if price_text else ZERO
        is_extended = unit == _EXTENDED
        charge = CanonicalCharge(
            position=len(self.charges) + 1,
            category=_ADJUSTMENT,
            source_term="",
            amount=price if is_extended or quantity is None else price * quantity,
            product_code=segment[at_code],
            quantity=quantity,
            unit="" if is_extended else unit,
            unit_price=price if price_text and not is_extended else None,
            is_information_only=self._charge_above() is not None or (tag == "SLN" and self._is_included(segment)),
            origin=f"segment {position}",
        )
        if tag == "IT1":
            self._is_priced = bool(price_text)
        self._terms = segment[at_code::2]
        self._open(charge)

    def allowance(self, segment: Segment, position: int) -> None:
        """SAC or ITA: an allowance (negative), a charge, or a remark that is never added."""
        self._settle()
        shape = self._allowances[segment[0]]
        indicator, text, amount_text = element(segment, 1), element(segment, shape.text), element(segment, shape.amount)
        value = implied_cents(amount_text) if amount_text else ZERO
        charge = CanonicalCharge(
            position=len(self.charges) + 1,
            category=_ADJUSTMENT,
            source_term="",
            amount=-value or ZERO if indicator == "A" else value,
            description=text,
            product_code=element(segment, shape.code),
            scope="document" if self.is_summary else "line",
            is_information_only=indicator not in ("A", "C"),
            origin=f"segment {position}",
        )
        self._terms = [charge.product_code, "allowance" if indicator == "A" else ""]
        self._open(charge)
        self._settle()

    def tax(self, segment: Segment, position: int) -> None:
        """TXI: added to the total only where TXI07 says so (A), or where an 810 says nothing."""
        node = self._node
        if node and node.numbers:
            self.tree.settle(node)
        amount_text, base_text, rate_text = element(segment, 2), element(segment, 8), element(segment, 3)
        value = amount(amount_text) if amount_text else ZERO
        base = amount(base_text) if base_text else None
        relation = element(segment, 7)
        is_of_line = self._charge is not None or (node is None and not self.is_summary)
        self.taxes.append(
            CanonicalTax(
                category=element(segment, 1),
                amount=value,
                base=base,
                rate_percent=rate_percent(rate_text, base, value) if rate_text else None,
                jurisdiction=element(segment, 5),
                scope="charge" if is_of_line else "bill",
                account=node.account if node else "",
                is_included=relation == "A" or (relation == "" and self._is_blank_tax_added),
                origin=f"segment {position}",
            )
        )

    def text(self, segment: Segment, position: int) -> None:
        """PID: what a charge is, or what its category or site is called."""
        text = segment[5] if len(segment) > 5 else ""
        if self._charge is not None:
            self._texts.append(text)
        elif self._node is not None:
            self._call(self._node, text)

    def service_code(self, segment: Segment, position: int) -> None:
        """SI: service characteristics, in pairs of qualifier and code."""
        codes = list(filter(None, segment[3::2]))
        if self._charge is not None:
            self._terms[:0] = codes
        elif self._node is not None and self._node.is_category and codes:
            self._call(self._node, codes[0])

    def party(self, segment: Segment, position: int) -> None:
        """N1 or NM1: the name of an account."""
        if self._node is not None and self._node.is_account:
            self._call(self._node, element(segment, 2 if segment[0] == "N1" else 3))

    def reference(self, segment: Segment, position: int) -> None:
        """REF: an account's number or a service's."""
        qualifier, number = segment[1:3] if len(segment) > 2 else (element(segment, 1), "")
        node = self._node
        if qualifier in self._numbers and number and node is not None and node.is_account:
            node.numbers = {qualifier: number} | (node.numbers or {})
        elif qualifier in self._services:
            if self._charge is not None:
                self._charge.service = number
            elif node is not None:
                node.service = number

    def period(self, segment: Segment, position: int) -> None:
        """DTM: from and to of a charge, before or after its IT1."""
        field = self._periods.get(element(segment, 1))
        if field is None:
            return
        on = day(element(segment, 2))
        charge = self._charge or self._charge_above()
        if charge is not None:
            setattr(charge, field, on)
        elif self._node is not None:
            self._node.period = (self._node.period or {}) | {field: on}

    def quantity(self, segment: Segment, position: int) -> None:
        """QTY: what was used, told on the charge it belongs to; several are added up while their unit is one."""
        charge = self._charge or self._charge_above() or (self._node and self._node.charge)
        if not charge or charge.unit_price is not None:
            return
        quantity, unit = amount(element(segment, 2)), element(segment, 3)[:2]
        if charge is not self._measured:
            charge.quantity, charge.unit, self._measured = quantity, unit, charge
        elif charge.unit == unit:
            charge.quantity = (charge.quantity or ZERO) + quantity

    def close(self) -> None:
        """The lines are over: from here on the summary speaks."""
        self._settle()
        self._node = None
        self.is_summary = True

    def _settle(self) -> None:
        """Everything about the open charge and its loop is known: give them their category and their place."""
        node, charge = self._node, self._charge
        if charge is not None:
            self._charge = None
            if node is not None and node.category is not None:
                charge.source_term, charge.category = node.term, node.category
            else:
                self._categorise(charge, node.term if node else "")
            self._describe(charge, node)
            if charge.category is _CARRIED:
                charge.is_information_only = True
            elif charge.category is _TAX:
                self._turn_into_tax(charge)
        if node is not None and node.numbers:
            self.tree.settle(node)

    def _open(self, charge: CanonicalCharge) -> None:
        node = self._node
        if node is not None:
            charge.account, charge.service = node.account, node.service
            if node.period:
                charge.period_start, charge.period_end = node.period.get("period_start"), node.period.get("period_end")
            node.charge = charge
        self._charge, self._texts = charge, []
        self.charges.append(charge)

    def _categorise(self, charge: CanonicalCharge, loop_term: str) -> None:
        terms = [loop_term, *self._terms, *self._texts, charge.description]
        for term in filter(None, terms):
            category = self._lookup(term)
            if category is not None:
                charge.source_term, charge.category = term, category
                return
        charge.source_term = next(filter(None, [loop_term, charge.description, *self._texts, *self._terms]), "")
        charge.is_mapped = False

    def _describe(self, charge: CanonicalCharge, node: Node | None) -> None:
        """By its line's texts; of several, the one that only names its kind is left to `source_term`."""
        texts = self._texts
        if len(texts) == 1:
            charge.description = texts[0]
        elif texts:
            charge.description = " ".join([text for text in texts if text != charge.source_term] or texts[:1])
        elif node is not None and not charge.description and not node.is_account:
            charge.description = node.name

    def _turn_into_tax(self, charge: CanonicalCharge) -> None:
        """A tax billed as a line counts as tax, once."""
        self.charges.pop()
        scope = "bill" if charge.scope == "document" else "charge"
        is_included = not charge.is_information_only
        self.taxes.append(
            CanonicalTax(
                charge.source_term, charge.amount, None, None, "", scope, charge.account, is_included, charge.origin
            )
        )

    def _call(self, node: Node, text: str) -> None:
        """Name a node. A category that the vocabulary does not know leaves the one above in force."""
        if not node.is_category:
            node.name = node.name or text
            self.tree.name(node)
            return
        category = self._lookup(text)
        if category is not None or node.category is None:
            node.term, node.category = text, category

    def _is_included(self, segment: Segment) -> bool:
        """Whether a sub-line's amount only details one that is already counted."""
        relation = element(segment, 3)
        return relation == "O" or (relation == "I" and self._is_priced)

    def _charge_above(self) -> CanonicalCharge | None:
        node = self._node
        return node.parent.charge if node and node.level >= USAGE and node.parent else None
