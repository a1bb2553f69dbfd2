"""The page of the rules language says what is so: its examples compile."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from upsell.rules.calls import FUNCTIONS
from upsell.rules.compile import compile_rule
from upsell.rules.vocabulary import Vocabulary

_PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
_EXAMPLES = [
    line
    for block in re.findall(r"```sql\n(.*?)```", _PAGE, flags=re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


@pytest.mark.parametrize("text", _EXAMPLES)
def test_every_rule_on_the_page_compiles(text: str) -> None:
    compile_rule(text, Vocabulary(), expects=None)


def test_every_function_is_on_the_page() -> None:
    assert [name for name in FUNCTIONS if f"{name}(" not in _PAGE] == []


def test_the_code_on_the_page_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", _PAGE, flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)  # the page's own code
    assert "u.subscription" in str(names["sql"])
