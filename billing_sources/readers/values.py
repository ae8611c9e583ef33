"""What every reader of texts knows of values. Pure."""

from __future__ import annotations

from decimal import Decimal

ZERO = Decimal(0)


class Unreadable(ValueError):
    """A text that is not what its field must hold. Carries what was expected."""
