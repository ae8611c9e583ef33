"""What is fuzzed: every reader of the registry, and every control file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from billing_sources.adapter import Adapter
from billing_sources.generator import CycleOrder, generate_cycle
from billing_sources.registry import ADAPTERS
from tests.fuzz.forms import FORMS, PLAIN, Form
from tests.fuzz.judge import judge, judge_control
from tests.golden import SAMPLES

CORPUS = Path(__file__).parent / "corpus"
_PDF = b"%PDF-"
_MEANT = date(2026, 11, 20)


class Target(NamedTuple):
    """`takes` are bytes it is worth beginning with; `form` says into what pieces they fall."""

    name: str
    judge: Callable[[bytes], str]
    form: Form
    takes: Callable[[], list[bytes]]

    def corpus(self) -> list[Path]:
        return sorted((CORPUS / self.name).glob("*"))

    def seeds(self) -> list[bytes]:
        return [*self.takes(), *(path.read_bytes() for path in self.corpus())]


def _targets() -> Iterator[Target]:
    for key, adapter in ADAPTERS.items():
        form = FORMS.get(key, PLAIN)
        yield Target(key, partial(_judge_plain, adapter), form, partial(_seeds, adapter, is_pdf=False))
        if adapter.read_control:
            yield Target(f"{key}-control", partial(judge_control, adapter), PLAIN, partial(_controls, key))
    boreal = ADAPTERS["boreal"]
    # A PDF is taken apart by a process of its own, which takes a tenth of a second: apart from the XML
    yield Target("boreal-pdf", partial(judge, boreal, excerpts=False), PLAIN, partial(_seeds, boreal, is_pdf=True))


def _judge_plain(adapter: Adapter, content: bytes) -> str:
    return "left to its own target" if content.startswith(_PDF) else judge(adapter, content)


def _seeds(adapter: Adapter, *, is_pdf: bool) -> list[bytes]:
    """The shipped samples, and a small file of the generator's."""
    paths = [path for path in (SAMPLES / adapter.key).iterdir() if path.suffix != ".json"]
    contents = [path.read_bytes() for path in sorted(paths)]
    if not is_pdf:
        contents.append(_generated(adapter.key)[0])
    return [content for content in contents if content.startswith(_PDF) == is_pdf]


def _controls(key: str) -> list[bytes]:
    control = _generated(key)[1]
    return [control] if control else [b'{"rows": 12, "billed_cost": "48.20", "sha256": ""}']


def _generated(key: str) -> tuple[bytes, bytes]:
    order = CycleOrder(key, customers=2, accounts=2, invoices=2, seed=7, billed_on=_MEANT, charges=2, calls=2)
    buffer = BytesIO()
    manifest = next(iter(generate_cycle(order))).write(buffer)
    return buffer.getvalue(), manifest.control


TARGETS: dict[str, Target] = {target.name: target for target in _targets()}
