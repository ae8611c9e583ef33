"""A numeric column of any precision: the database keeps the source's decimals, `portal.money` rounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models


class AmountField(models.Field):  # type: ignore[type-arg]
    """PostgreSQL `numeric` without precision, as `Decimal`."""

    description = "A decimal amount"

    def db_type(self, connection: Any) -> str:
        return "numeric"

    def to_python(self, value: Any) -> Decimal | None:
        return value if value is None or isinstance(value, Decimal) else Decimal(str(value))
