"""A page of bills with all that belongs to them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from billing_sources.canonical import CanonicalCharge, CanonicalUsage, Issue
from billing_sources.readers.tmf_taxes import Levy


class Rate(NamedTuple):
    """An applied billing rate: the charge that it becomes, and what is decided only beside its bill."""

    rate_id: str
    charge: CanonicalCharge
    product_name: str
    currency: str
    levies: list[Levy]


class Used(NamedTuple):
    rate_id: str  # of the charge that it explains; "" where the server does not say
    currency: str
    usage: CanonicalUsage


@dataclass(slots=True)
class Group:
    """`charges` and `flaws` are by the id of their bill, `usage` by its product's, `others` by resource and id."""

    bills: list[tuple[str, Any]] = field(default_factory=list)  # with where it stands
    charges: dict[str, list[Rate]] = field(default_factory=dict)
    usage: dict[str, list[Used]] = field(default_factory=dict)
    others: dict[str, dict[str, Any]] = field(default_factory=lambda: {"billCycle": {}, "billingAccount": {}})
    flaws: dict[str, list[Issue]] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)

    def note(self, bill: str, rule: str, position: str, said: tuple[str, str, str], *, fatal: bool) -> None:
        """Something is wrong with a part of a bill. `said`: field, expected, found."""
        issue = Issue(rule, position, *said, is_fatal=fatal)
        self.flaws.setdefault(bill, []).append(issue)
