"""The README's pictures, taken from a running demo: `make demo` in one terminal, `make shots` in another."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

IMAGES = Path(__file__).resolve().parent / "images"
PASSWORD = "meridian-demo-2026"  # noqa: S105 -- the demo prints it on every start
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SHOTS = {
    "dana@harlow.example": {
        "inbox": "/",
        "invoices": "/invoices/",
        "pay-runs": "/pay-runs/",
        "pay-run": "/pay-runs/?state=draft -> th a",
        "payment": "/payments/ -> th a",
        "groups": "/groups/",
        "invoice": "/invoices/ -> th a",
        "bills-expected": "/bills/",
        "accounts": "/accounts/",
    },
    "victor@harlow.example": {"review": "/pay-runs/?state=submitted -> th a"},
    "ada@harlow.example": {"people": "/people/", "visits": "/visits/"},
    "erik@meridian.example": {
        "bill-cycles": "/carrier/cycles/",
        "coverage": "/carrier/coverage/",
        "stages": "/carrier/coverage/ferry/",
        "vocabulary": "/carrier/terms/",
        "import-run": "/carrier/runs/ -> th a",
        "quarantine": "/carrier/quarantine/",
        "account-links": "/carrier/accounts/",
        "breaks": "/carrier/breaks/",
        "postings": "/carrier/postings/",
    },
    "sam@meridian.example": {"customers": "/carrier/customers/"},
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--out", type=Path, default=IMAGES)
    parser.add_argument("--all", action="store_true", help="phone and dark as well")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for email, pages in SHOTS.items():
            shoot(browser, options.url, email, pages, options.out, everything=options.all)


def shoot(browser: Browser, url: str, email: str, pages: dict[str, str], out: Path, *, everything: bool) -> None:
    page = browser.new_page(viewport=WIDE)
    sign_in(page, url, email)
    for name, way in pages.items():
        walk(page, url, way)
        page.screenshot(path=out / f"{name}.png")
        if everything:
            page.emulate_media(color_scheme="dark")
            page.screenshot(path=out / f"{name}-dark.png")
            page.emulate_media(color_scheme="light")
            page.set_viewport_size(PHONE)
            page.screenshot(path=out / f"{name}-phone.png")
            page.set_viewport_size(WIDE)
    page.context.close()


def sign_in(page: Page, url: str, email: str) -> None:
    page.goto(f"{url}/account/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button")
    page.wait_for_url(lambda there: "/account/login" not in there)


def walk(page: Page, url: str, way: str) -> None:
    """An address, and a link to follow from there: "/invoices/ -> th a"."""
    address, _, link = way.partition(" -> ")
    page.goto(url + address)
    if link:
        page.locator(f"main tbody {link}").first.click()
        page.wait_for_load_state()


if __name__ == "__main__":
    main()
