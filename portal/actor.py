"""Who acts, for which customer, and really by whom. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Actor:
    """A person at work for one customer.

    `user_id` is whose eyes are used; `real_user_id` differs from it only while an account rep looks as a customer's
    user, and then `support_session_id` names the visit. `confirmed_at` is when the person last proved, in this very
    session, that it is they (portal.users.confirmation).
    """

    user_id: int
    customer_id: int
    name: str
    customer_name: str
    real_user_id: int
    real_name: str = ""
    support_session_id: int | None = None
    support_until: datetime | None = None
    support_reason: str = ""
    support_ticket: str = ""
    confirmed_at: datetime | None = None

    @property
    def is_support(self) -> bool:
        return self.support_session_id is not None


@dataclass(frozen=True)
class CarrierActor:
    """One of the carrier's own people: `role` is "rep" or "engineer"."""

    user_id: int
    name: str
    role: str
