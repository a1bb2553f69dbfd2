"""Every code has its page, and a page's examples do what it says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.workspace.acme import problems_of
from tests.unit.workspace.code_examples import FAULTLESS, written_in
from upsell.cli.codes import PAGES
from upsell.workspace.codes.page import Page
from upsell.workspace.codes.registry import PAGES as OF_A_WORKSPACE

SOURCE = Path(__file__).parents[3] / "src" / "upsell"

# What no text of a file can show, or only one that is larger than any page.
WITHOUT_EXAMPLE = {
    "unreadable",
    "encoding",
    "too-large",
    "too-deep",
    "no-workflow",
    "built-in-signal",
    "rule-size",
    "rule-range",
    "broken-signal",
    "roll",
    "edition",
}

# Codes that are put together, or handed on, where they are told: which ones, by module.
PUT_TOGETHER = {
    "rules/caret.py": (),
    "rules/names.py": ("broken-signal",),
    "rules/read.py": (),
    "workspace/findings.py": (),
    "workspace/lints.py": ("no-owner", "no-purpose", "no-review-date"),
    "workspace/offers.py": ("unknown-plan", "unknown-product", "unknown-item"),
    "workspace/products.py": (),
    "workspace/template_checks.py": ("unknown-variable", "unknown-filter"),
}

# Calls that name a code otherwise than by code=: at which place the code stands, or the kind of a name.
CODE_AT = {"add": 3, "_complain": 3}
KIND_AT = {"unknown": 1, "_unknown": 1, "check_known": 1}


def _told_in(path: Path) -> Iterator[str | None]:
    """Give each code that a module tells of; None where it is no constant."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "Page":
            continue
        for word in node.keywords:
            if word.arg == "code":
                yield _text(word.value)
        if name in CODE_AT and len(node.args) > CODE_AT[name]:
            yield _text(node.args[CODE_AT[name]])
        if name in KIND_AT and len(node.args) > KIND_AT[name]:
            kind = _text(node.args[KIND_AT[name]])
            yield None if kind is None else f"unknown-{kind.replace(' ', '-')}"


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_every_code_that_is_told_has_its_page() -> None:
    told: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        where = path.relative_to(SOURCE).as_posix()
        if not where.startswith(("workspace/", "rules/", "sources/", "channels/sinks/")):
            continue
        for code in _told_in(path):
            if code is None:
                assert where in PUT_TOGETHER, f"{where} puts a code together; say which in PUT_TOGETHER"
                told.update(dict.fromkeys(PUT_TOGETHER[where], where))
            else:
                told[code] = where
    lacking = {code: where for code, where in told.items() if code not in PAGES}
    assert lacking == {}, "write their pages under workspace/codes"
    assert len(told) > 60
    assert set(PAGES) - set(told) == set(), "pages of what is never told"


def test_the_workspace_of_the_examples_is_faultless() -> None:
    assert problems_of(FAULTLESS) == ()


def test_what_has_no_example_is_what_no_text_can_show() -> None:
    assert {code for code, page in OF_A_WORKSPACE.items() if not page.wrong} == WITHOUT_EXAMPLE


@pytest.mark.parametrize("code", [code for code, page in OF_A_WORKSPACE.items() if page.wrong])
def test_the_wrong_example_is_told_and_the_right_one_is_not(code: str) -> None:
    page = OF_A_WORKSPACE[code]
    told = problems_of(written_in(page.wrong, page.right))
    assert {problem.code for problem in told} == {code}, [str(problem) for problem in told]
    assert {problem.severity for problem in told} == {"warning" if page.is_lint else "error"}
    left = problems_of(written_in(page.right, page.wrong))
    assert left == (), [str(problem) for problem in left]


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.code)
def test_a_page_says_what_it_means_and_what_to_do(page: Page) -> None:
    assert page.meaning.endswith(".")
    assert page.remedy.endswith(".")
    assert page.why.endswith(".") or not page.is_lint
