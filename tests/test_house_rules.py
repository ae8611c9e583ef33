"""What linters cannot see: sizes, registries, components, money without floats, money pages without queries."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("portal", "billing_sources", "payments", "remittance")
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_TEMPLATE = 400, 60, 150


def sources(*roots: str) -> Iterator[Path]:
    for root in roots:
        yield from (path for path in sorted((PROJECT / root).rglob("*.py")) if "migrations" not in path.parts)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def size(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def name(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def test_no_file_is_longer_than_a_few_screens() -> None:
    long = {
        name(path): lines for path in sources(*PACKAGES, "tests", "bench") if (lines := _lines(path)) > LONGEST_FILE
    }
    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{name(path)}:{node.name} {size(node)}"
        for path in sources(*PACKAGES, "tests", "bench")
        for node in functions(path)
        if size(node) > LONGEST_FUNCTION
    ]
    assert long == []


def test_functions_are_small_as_a_rule() -> None:
    sizes = [size(node) for path in sources(*PACKAGES) for node in functions(path)]
    assert statistics.median(sizes) <= 10
    assert statistics.quantiles(sizes, n=10)[-1] <= 30


def test_templates_fit_on_a_few_screens() -> None:
    templates = (PROJECT / "templates").rglob("*.html")
    assert {name(path): _lines(path) for path in templates if _lines(path) > LONGEST_TEMPLATE} == {}


def test_no_drawer_without_a_name() -> None:
    drawers = {"utils", "helpers", "common", "services", "managers", "misc"}
    assert [name(path) for path in sources(*PACKAGES) if path.stem in drawers or path.parent.name in drawers] == []


def test_money_never_meets_a_float() -> None:
    """Seconds and ratios may be floats; no module that handles amounts names the type."""
    roots = ("payments/domain", "payments/operations", "billing_sources/readers", "billing_sources/adapters")
    files = [*sources(*roots), *(PROJECT / file for file in ("portal/money.py", "remittance/advice.py"))]
    files += [PROJECT / "billing_sources" / f"{step}.py" for step in ("canonical", "normalize", "checks", "load")]
    floats = [name(path) for path in files for node in ast.walk(ast.parse(path.read_text())) if _is_float(node)]
    assert floats == []


def test_only_money_rounds_amounts() -> None:
    rounding = re.compile(r"\.quantize\(|\bround\(|ROUND_HALF")
    allowed = {"portal/money.py", "portal/demo/history.py"}
    found = {name(path) for path in sources(*PACKAGES) if rounding.search(path.read_text())}
    assert found - allowed == set()


def test_every_adapter_has_registry_line_sample_golden_and_page() -> None:
    from billing_sources.registry import ADAPTERS

    files = {path.stem for path in sources("billing_sources/adapters") if path.stem != "__init__"}
    assert files == set(ADAPTERS)
    for key in ADAPTERS:
        samples = PROJECT / "billing_sources" / "samples" / key
        inputs = [path for path in samples.iterdir() if not path.name.endswith(".expected.json")]
        assert inputs, key
        assert all(path.with_name(f"{path.name}.expected.json").exists() for path in inputs), key
        assert (PROJECT / "docs" / "sources" / f"{key}.md").exists()


def test_every_component_says_what_it_takes() -> None:
    components = (PROJECT / "templates" / "components").glob("*.html")
    assert [path.name for path in components if not path.read_text().startswith("{% comment %}")] == []


def test_no_template_can_issue_a_query() -> None:
    asks = re.compile(r"\.objects|\.all\b|(?<!chips_)_set\b|\|\s*safe\b|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=")
    assert [name(path) for path in (PROJECT / "templates").rglob("*.html") if asks.search(path.read_text())] == []


def test_operations_are_keyword_only_with_the_actor_first_and_now_last() -> None:
    for path in sources("payments/operations"):
        for node in functions(path):
            if any(isinstance(d, ast.Name) and d.id == "command" for d in node.decorator_list):
                assert [argument.arg for argument in node.args.args] == ["actor"], f"{path.name}:{node.name}"
                assert node.args.kwonlyargs[-1].arg == "now", f"{path.name}:{node.name}"


def test_work_crosses_to_celery_as_rows() -> None:
    """A wake-up carries a row's id; nothing is sent from a callback that a crash would lose."""
    sends = re.compile(r"\.delay\(|\.apply_async\(|on_commit\(|countdown=|eta=")
    found = {name(path) for path in sources(*PACKAGES) if sends.search(path.read_text())}
    assert found <= {"billing_sources/tasks.py"}


def test_the_repository_speaks_of_the_project_alone() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("LOUD: not a git checkout; nothing was checked")
    foreign = re.compile(r"pypi\.or[g]|pythonhoste[d]|npmjs\.or[g]|deb\.debia[n]|(?<![\w.])/(?:wor[k]|far[m]|roo[t])/")
    files = [PROJECT / line for line in tracked.stdout.splitlines()]
    hits = [name(path) for path in files if path.is_file() and foreign.search(path.read_text(errors="ignore"))]
    assert hits == []


def _is_float(node: ast.AST) -> bool:
    named = isinstance(node, ast.Name) and node.id == "float"
    return named or (isinstance(node, ast.Constant) and isinstance(node.value, float))


def _lines(path: Path) -> int:
    return path.read_text().count("\n")
