"""Recompute a proposal from what it was made from, and see whether the result is the same to the last character."""

from __future__ import annotations

from dataclasses import dataclass

from payments.domain.proposing.engine import ENGINE, propose
from payments.domain.proposing.inputs import canonical, read_inputs, sha256_of
from payments.models import Proposal


@dataclass(frozen=True)
class Replay:
    """The hashes that are stored beside those computed now; `engine` made it, `engine_now` replayed it."""

    engine: int
    engine_now: int
    inputs_sha256: str
    inputs_now: str
    result_sha256: str
    result_now: str

    @property
    def is_identical(self) -> bool:
        return (self.inputs_sha256, self.result_sha256) == (self.inputs_now, self.result_now)


def replay(proposal: Proposal) -> Replay:
    """Reads nothing but the stored text, which must also be the canonical one."""
    inputs = read_inputs(proposal.inputs)
    return Replay(
        engine=proposal.engine,
        engine_now=ENGINE,
        inputs_sha256=proposal.inputs_sha256,
        inputs_now=sha256_of(canonical(inputs)),
        result_sha256=proposal.result_sha256,
        result_now=sha256_of(canonical(propose(inputs))),
    )
