"""A change of price says which workflows and shown offers it concerns, before it goes live."""

from __future__ import annotations

import pytest

from tests.live_world import make_documents, open_world
from tests.sinks import open_sink
from tests.stories.world import CATALOG, workflow
from upsell.catalog.changes import find_changes, touches
from upsell.runtime.repricing import concerned_lines, find_concerned
from upsell.workspace.compile import compile_documents

DOCUMENTS = make_documents(
    {
        "asks": workflow(trigger="{on: Asked}", journey="[{email: {content: t1, offer: pro-annual}}]"),
        "helps": workflow(trigger="{on: Other}", journey="[{email: {content: t1, intent: help}}]"),
    }
)


def test_only_what_differs_is_told_each_from_what_to_what() -> None:
    catalog = compile_documents(DOCUMENTS).program.catalog
    assert find_changes(catalog, catalog) == []
    changed = CATALOG.replace("month: 149", "month: 159").replace("api_calls: 10000", "api_calls: 9000")
    (change,) = find_changes(
        catalog, compile_documents({**DOCUMENTS, "catalog.yaml": changed}).program.catalog
    )
    assert (change.noun, change.id) == ("plan", "pro")
    assert change.said == (
        "limits api_calls: 10000 -> 9000",
        "prices month USD: 149.00 USD -> 159.00 USD",
    )


def test_a_path_that_is_closed_concerns_whatever_offers_a_plan() -> None:
    before = compile_documents(DOCUMENTS).program.catalog
    closed = CATALOG.replace("tier: 0,", "tier: 0, leads_to: [],")
    (change,) = find_changes(before, compile_documents({**DOCUMENTS, "catalog.yaml": closed}).program.catalog)
    assert change.said == ("leads_to: any of its family -> none",)
    assert touches(before.offers["pro-annual"], change)


@pytest.mark.postgres
def test_live_workflows_and_offers_that_were_shown_are_named(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(DOCUMENTS)
        for who in ("ada", "bob"):
            world.happens("Customer Identified", who, email=f"{who}@example.com")
            world.happens("Asked", who)
        world.settle()
        dearer = {**DOCUMENTS, "catalog.yaml": CATALOG.replace("month: 149", "month: 159")}
        after = compile_documents(dearer).program
        (concerned,) = find_concerned(world.connection, DOCUMENTS, after, world.clock.now())
        assert (concerned.workflows, concerned.shown) == (("asks",), 2)
        assert "    concerns asks; 2 shown offers stay honoured at their terms" in concerned_lines(
            [concerned]
        )
