"""Proposals for the pages of a customer's people. Called inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
from django.db import connection

from payments.domain.proposing.inputs import Rules
from payments.models import PayRun, Proposal

_REASONS: Final = """
    SELECT DISTINCT ON (r.claim, p.position) r.claim, p.position, r.why
    FROM payments_proposedplacement r
    JOIN payments_payment p ON p.id = r.payment_id
    JOIN payments_allocation a ON a.payment_id = r.payment_id AND a.claim = r.claim
    WHERE p.run_id = %s AND a.held + a.settled = r.amount
    ORDER BY r.claim, p.position, r.id DESC
"""


class _OnlyRules(msgspec.Struct):
    rules: Rules


def proposal_of(run: PayRun, code: UUID) -> Proposal | None:
    return Proposal.objects.select_related("made_by").filter(run=run, code=code).first()


def rules_used_last(run: PayRun) -> Rules:
    """Those of the newest proposal for the run; else the ones that everybody starts with."""
    text = Proposal.objects.filter(run=run).order_by("-made_at", "-pk").values_list("inputs", flat=True).first()
    return Rules() if text is None else msgspec.json.decode(text, type=_OnlyRules).rules


def reasons_of(run: PayRun) -> Mapping[int, str]:
    """Why what stands of an invoice or credit was proposed, as long as it stands as it was accepted."""
    found: dict[int, list[tuple[int, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_REASONS, [run.pk])
        for claim, position, why in cursor.fetchall():
            found.setdefault(claim, []).append((position, why))
    return {claim: _joined(whys) for claim, whys in found.items()}


def _joined(whys: list[tuple[int, str]]) -> str:
    if len(whys) == 1:
        return whys[0][1]
    return " · ".join(f"{position}: {why}" for position, why in whys)
