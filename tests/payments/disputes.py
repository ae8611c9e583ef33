"""A dispute between Dana and the carrier's desk, in few words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from billing_sources.models import Invoice
from payments.models import Dispute, DisputeMessage, ShortPay
from payments.operations import dispute_desk
from portal.actor import CarrierActor
from portal.tenancy import carrier

if TYPE_CHECKING:
    from tests.payments.conftest import Desk

REASON = "rate_not_as_agreed"


@dataclass
class Table:
    """Both sides of a dispute: `customer` is Dana's desk, and the carrier's is Sam's."""

    customer: Desk

    def dispute(self, invoice: Invoice, amount: str | None = None, **request: Any) -> UUID:
        wanted = None if amount is None else Decimal(amount)
        stated = {"reason": REASON, "amount": wanted, **request}
        return UUID(self.customer.do("dispute_invoice", invoice=invoice.code, **stated).code)

    def reply(self, dispute: UUID, words: str = "Here it is.", **request: Any) -> Any:
        return self.customer.do(
            "reply_in_dispute", dispute=dispute, **{"words": words, **self._seen(dispute), **request}
        )

    def step(self, operation: str, dispute: UUID, **request: Any) -> Any:
        return self.customer.do(operation, dispute=dispute, **{**self._seen(dispute), **request})

    def desk(self, operation: str, dispute: UUID, actor: CarrierActor | None = None, **request: Any) -> str:
        call = getattr(dispute_desk, operation)
        asked = {"dispute": dispute, "now": self.customer.now, **self._seen(dispute), **request}
        said: str = call(actor or self.customer.people.sam, **asked)
        return said

    def decide(self, dispute: UUID, credit: str, words: str = "As agreed.") -> str:
        return self.desk("decide_dispute", dispute, credit=Decimal(credit), words=words)

    def get(self, dispute: UUID) -> Dispute:
        with carrier(read_only=True):
            return Dispute.objects.select_related("invoice", "credit_note").get(code=dispute)

    def of(self, invoice: Invoice) -> list[Dispute]:
        with carrier(read_only=True):
            return list(Dispute.objects.filter(invoice=invoice).order_by("pk"))

    def conversation(self, dispute: UUID) -> list[str]:
        with carrier(read_only=True):
            said = DisputeMessage.objects.filter(dispute__code=dispute).order_by("pk")
            return [f"{each.name}: {each.step or each.words}" for each in said]

    def short_pays(self, run: UUID) -> dict[str, tuple[Decimal, str]]:
        with carrier(read_only=True):
            found = ShortPay.objects.filter(run__code=run)
            return {s.invoice.number: (s.amount, s.reason) for s in found.select_related("invoice")}

    def _seen(self, dispute: UUID) -> dict[str, int]:
        return {"seen": self.get(dispute).version}
