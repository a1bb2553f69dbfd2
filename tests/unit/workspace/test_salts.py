"""No two holdouts of a workspace are drawn alike, nor one as the global control, or it is told."""

from __future__ import annotations

from tests.live_world import make_documents
from tests.stories.world import workflow
from tests.unit.workspace.acme import NOW
from upsell.workspace.compile import compile_documents
from upsell.workspace.linting import lint

CONTROL = "policy: {global_control: 5%}\n"


def text(holdout: str = "10%", salt: str = "", more: str = "") -> str:
    return workflow(
        trigger="{on: A}",
        journey="[{email: {content: t1, intent: help}}]",
        holdout=holdout,
        experiment=f", salt: {salt}" if salt else "",
        more=more,
    )


def told(texts: dict[str, str], policy: str = "") -> list[str]:
    warnings = lint(compile_documents(make_documents(texts, policy=policy)), NOW).warnings
    return [f"{each.file} {each.message}" for each in warnings if each.code == "shared-salt"]


def test_workflows_draw_by_their_keys_and_so_not_alike() -> None:
    assert told({"a": text(), "b": text()}, CONTROL) == []


def test_two_holdouts_drawn_by_one_salt_are_told_of_both() -> None:
    first, second = told({"a": text(), "b": text(salt="a")})
    assert first.endswith("got a, which draws the holdout of b too")
    assert second.endswith("got a, which draws the holdout of a too")


def test_where_nobody_is_held_out_a_salt_may_be_anybodys() -> None:
    assert told({"a": text(), "b": text("0%", salt="a")}) == []
    assert told({"a": text(), "b": text(salt="a", more="status: ended")}) == []


def test_a_holdout_drawn_as_the_global_control_is_told() -> None:
    (problem,) = told({"control": text()}, CONTROL)
    assert problem.endswith("got control, which draws the global control too")
    assert told({"control": text()}) == [], "without a global control the key is one like any other"
