"""What RavenStack promises its accounts, told as stories: pytest examples/ravenstack/stories."""

from __future__ import annotations

from pathlib import Path

from upsell.testing.given import Given, given

WORKSPACE = Path(__file__).parent.parent / "workspace"


def account(plan: str) -> Given:
    return given(WORKSPACE).account("acme", plan=plan).member("ada", "admin").after(days=20)


def test_who_uses_much_is_helped_to_need_less_first() -> None:
    story = account("pro").uses("feature_uses", "85%").then_sent("use-less").then_nothing_more()
    story.after(days=4).then_sent("more-room", offer="enterprise-upgrade")


def test_above_the_biggest_plan_a_person_calls() -> None:
    story = account("enterprise").uses("feature_uses", "85%").then_sent("use-less")
    story.after(days=4).then_task("Talk about usage", queue="success").then_nothing_more()
