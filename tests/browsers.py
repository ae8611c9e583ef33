"""People in front of a real Chromium. What the browser complains of is kept, and no test may end with a complaint."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, ViewportSize, expect, sync_playwright

from tests.personas import PASSWORD

WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE = 20_000  # milliseconds for one thing to happen on a page
_TELL_OF_CSP = """document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`the policy forbids ${event.violatedDirective} of ${event.blockedURI} on ${event.documentURI}`);
});"""

SitDown = Callable[..., "Person"]
_SEATED = pytest.StashKey[list["Person"]]()


@dataclass
class Person:
    """Somebody at a browser of their own, at the portal's address."""

    page: Page
    url: str
    shots: Path
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("response", self._see)

    def open(self, address: str) -> None:
        self.page.goto(f"{self.url}{address}")

    def sign_in(self, name: str) -> None:
        """As a persona of the tests; their first page stands there when this returns."""
        self.try_to_sign_in(name, PASSWORD)
        self.page.wait_for_url(lambda there: "/account/login" not in there)

    def try_to_sign_in(self, name: str, password: str) -> None:
        """`name` is a persona's, or a whole address."""
        self.open("/account/login/")
        self.page.get_by_label("Email").fill(name if "@" in name else f"{name}@customer.example")
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def confirm(self) -> None:
        """Type the password once more, where a page asks who sits there; it leads back to the page before."""
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Confirm").click()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def reads(self, text: str, where: str = "main") -> None:
        """The text comes up on the page, or the test fails."""
        expect(self.page.locator(where)).to_contain_text(text, timeout=PATIENCE)

    def _hear(self, message: ConsoleMessage) -> None:
        is_about_a_status = message.text.startswith("Failed to load resource")  # `_see` judges those
        if message.type == "error" and not is_about_a_status:
            self.complaints.append(f"console: {message.text}")

    def _see(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status}: {response.request.method} {response.url}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's own Chromium. Where there is none, what it would have shown is not known."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("LOUD: there is no Chromium on this machine; no page was looked at")
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's own loop runs in this thread; Django is used beside it
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def sit_down(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SitDown]:
    """Seats a person at a browser: `sit_down(url)`, with the options of a Playwright context (`viewport`, …)."""
    seated: list[Person] = []
    request.node.stash[_SEATED] = seated

    def sit_down(url: str, **options: Any) -> Person:
        context = browser.new_context(**{"viewport": WIDE, "accept_downloads": True, **options})
        context.add_init_script(_TELL_OF_CSP)
        seated.append(Person(context.new_page(), url, tmp_path))
        return seated[-1]

    yield sit_down
    for person in seated:
        person.page.context.close()
    assert [complaint for person in seated for complaint in person.complaints] == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What everybody had on their screen when a test failed lies in its folder."""
    report = yield
    if report.when == "call" and report.failed:
        seated: list[Person] = item.stash.get(_SEATED, [])
        for number, person in enumerate(seated):
            path = person.shots / f"person-{number}.png"
            person.page.screenshot(path=path)
            report.sections.append((f"person {number}", f"{person.page.url}\n{path}"))
    return report
