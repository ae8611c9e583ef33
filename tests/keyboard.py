"""People who have no mouse: every keystroke of theirs is counted, and what the server takes for them is added up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Request, expect

from tests.browsers import Person

ASKED = ("document", "xhr", "fetch")  # not styles, scripts and pictures, which no server of ours computes
PATIENCE = 90_000  # milliseconds: two thousand bills on a machine that others use as well
NO_MOUSE = """for (const kind of ["mousedown", "mousemove", "pointerdown", "touchstart", "wheel"]) {
  addEventListener(kind, () => console.error(`somebody used a mouse: ${kind}`), { capture: true, passive: true });
}"""
FOCUSED = """() => { const it = document.activeElement; return it === document.body ? "" :
  (it.getAttribute("aria-label") || it.innerText || it.labels?.[0]?.innerText || it.name || "").trim(); }"""


@dataclass
class Stage:
    """What one part of the job cost: keystrokes, and seconds until the server's answers began, the longest apart."""

    name: str
    keys: int = 0
    answers: list[float] = field(default_factory=list)

    @property
    def server(self) -> float:
        return sum(self.answers)

    @property
    def slowest(self) -> float:
        return max(self.answers, default=0.0)


class Tally:
    """The stages of a job, whoever works on them. What is done outside of every stage counts nowhere."""

    def __init__(self) -> None:
        self.stages: dict[str, Stage] = {}
        self.current = Stage("")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A stage that is taken up again goes on counting."""
        before, self.current = self.current, self.stages.setdefault(name, Stage(name))
        yield
        self.current = before

    def table(self) -> str:
        stages = self.stages.values()
        keys, server = sum(stage.keys for stage in stages), sum(stage.server for stage in stages)
        head = f"{'stage':<34}{'keys':>6}{'server s':>10}{'longest s':>11}"
        rows = [f"{each.name:<34}{each.keys:>6}{each.server:>10.2f}{each.slowest:>11.2f}" for each in stages]
        return "\n".join(["", head, *rows, f"{'in all':<34}{keys:>6}{server:>10.2f}"])


class Typist:
    """Somebody at a keyboard. A mouse that touches their page is a complaint, and fails the test as others do."""

    def __init__(self, person: Person, tally: Tally) -> None:
        self.person, self.tally = person, tally
        person.page.context.add_init_script(NO_MOUSE)
        person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        person.page.set_default_timeout(PATIENCE)
        person.page.on("requestfinished", self._time)

    def press(self, *keys: str) -> None:
        """A key with Shift or Control is one keystroke."""
        self._count(len(keys))
        self.person.press(*keys)

    def type(self, text: str) -> None:
        self._count(len(text))
        self.person.page.keyboard.type(text)

    def paste(self, text: str) -> None:
        """What was copied elsewhere."""
        self.person.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.press("Control+v")

    def walk(self, key: str, to: str, most: int = 40) -> None:
        """Press the key until the focus stands on something of this name."""
        for _ in range(most):
            self.press(key)
            if to in self.focused():
                return
        raise AssertionError(f"{most} times {key} do not lead to {to!r} but to {self.focused()!r}")

    def focused(self) -> str:
        return str(self.person.page.evaluate(FOCUSED))

    def reads(self, text: str, where: str = "main") -> None:
        expect(self.person.page.locator(where)).to_contain_text(text, timeout=PATIENCE)

    def _count(self, keys: int) -> None:
        self.tally.current.keys += keys

    def _time(self, request: Request) -> None:
        timing = request.timing
        if request.resource_type in ASKED and timing["responseStart"] > 0:
            self.tally.current.answers.append((timing["responseStart"] - timing["requestStart"]) / 1000)
