"""A story of a user's own says what it expected, what came, and why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from upsell.errors import DefinitionError
from upsell.testing.given import Given, given

WORKSPACE = Path(__file__).parents[3] / "examples" / "saas"


def acme(plan: str = "starter") -> Given:
    return given(WORKSPACE).account("acme", plan=plan).member("ada", "admin", first_name="Ada").after(days=20)


def test_a_share_of_a_limit_counts_what_was_used_before() -> None:
    # Oracle: Starter includes 500 reports; 100 and what is missing to 85 % of them make 425.
    story = acme().uses("reports", 100).uses("reports", "85%").story
    assert story.unit().profile.usage["reports"].amount == 425


def test_a_click_is_heard_as_one() -> None:
    story = acme().uses("reports", "85%").then_sent("need-fewer-reports").clicks("need-fewer-reports").story
    assert story.household.customers["ada"].contact.answers["email"].answered == 1


def test_a_story_that_fails_says_what_came_instead_and_why() -> None:
    with pytest.raises(AssertionError, match="expected more-reports to be sent") as caught:
        acme().uses("reports", "85%").then_sent("more-reports")
    assert "got need-fewer-reports to ada since the last expectation" in str(caught.value)
    assert "a:acme in usage-limit: in this workflow" in str(caught.value)


@pytest.mark.parametrize(
    ("tell", "said"),
    [
        (lambda: given(WORKSPACE).account("acme", plan="tem"), "did you mean team"),
        (lambda: acme().uses("reports", "lots"), "a share such as 85%"),
        (lambda: acme().then_reason("usage-limt", "frozen"), "did you mean usage-limit"),
        (lambda: acme().then_reason("usage-limit", "frosen"), "did you mean frozen"),
        (lambda: given(WORKSPACE).uses("reports", 3), "about nobody"),
        (lambda: given(WORKSPACE, at="yesterday"), "got yesterday"),
        (lambda: acme().customer("bob"), "one account or customer"),
    ],
)
def test_a_slip_in_a_story_is_told(tell: Callable[[], Given], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        tell()


def test_a_workspace_that_does_not_compile_says_why(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError):
        given(tmp_path / "nowhere")
