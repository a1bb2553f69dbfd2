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
    assert touches(before.offers["pro-annual"], change, before)


def changed(old: str, new: str) -> list[tuple[str, str, list[str]]]:
    """Give what a change of the catalog with bundles is told as, and the offers each concerns."""
    assert old in BUNDLES
    before, after = (
        compile_documents({**DOCUMENTS, "catalog.yaml": text}).program.catalog
        for text in (BUNDLES, BUNDLES.replace(old, new, 1))
    )
    return [
        (
            f"{each.noun} {each.id}",
            each.said[0],
            [key for key in before.offers if touches(before.offers[key], each, before)],
        )
        for each in find_changes(before, after)
    ]


BUNDLES = (
    CATALOG.replace("default_plan", "fit_margin: 20%\ndefault_plan").replace(
        "offers:",
        "products:\n  tv: {kind: add-on, name: TV, price: {month: 5}}\n"
        "  suite: {kind: bundle, name: Suite, price: {month: 160}, contains: [pro, tv]}\n"
        "  other: {kind: bundle, name: Other, price: {month: 60}, contains: [starter]}\noffers:",
    )
    + "  suite: {kind: cross-sell, product: suite, title: Suite}\n"
    + "  other: {kind: cross-sell, product: other, title: Other}\n"
    + "  fits: {kind: upgrade, plan: fitting, title: Fits}\n"
)


def test_a_change_of_what_a_bundle_contains_concerns_the_bundle() -> None:
    pro = ["pro-annual", "pro-trial", "suite", "fits"]
    assert changed("api_calls: 10000", "api_calls: 9000") == [
        ("plan pro", "limits api_calls: 10000 -> 9000", pro)
    ]
    assert changed("month: 5}", "month: 6}") == [
        ("product tv", "prices month USD: 5.00 USD -> 6.00 USD", ["suite"])
    ]


def test_another_margin_of_what_fits_is_a_change_and_concerns_what_fits() -> None:
    assert changed("fit_margin: 20%", "fit_margin: 50%") == [("catalog fit_margin", "20% -> 50%", ["fits"])]


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
