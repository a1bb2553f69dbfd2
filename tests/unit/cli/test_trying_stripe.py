"""``upsell sources try stripe``: what would come out of a body, with what the catalog beside it sells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.stripe_world import FILE, SOLD, Life, make_item, make_price
from upsell.cli.main import app


@pytest.mark.parametrize(
    ("price", "code", "words"),
    [
        ("price_pro", 0, '"pro"'),
        ("price_cat", 0, '"starter"'),
        ("price_x", 2, "kept aside (unknown_price)"),
    ],
)
def test_a_body_is_tried_with_the_catalog_beside_the_file(
    price: str, code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/stripe.yaml").write_text(FILE)
    sold = SOLD.replace("price: {month: 49}", "price: {month: 49}, stripe: {month: price_cat}")
    (tmp_path / "catalog.yaml").write_text(sold)
    (tmp_path / "body.json").write_text(json.dumps(Life(make_item(make_price(price))).hooks[0]))
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, ["sources", "try", "stripe", "body.json"])
    assert (told.exit_code, words in told.output) == (code, True), told.output


@pytest.mark.parametrize(
    ("at", "words"),
    [("2026-03-02T12:00:30Z", "not yet (503"), ("2026-03-03T12:00:00Z", "kept aside (unknown_amount)")],
)
def test_a_body_whose_discount_other_webhooks_tell_says_which_ones(
    at: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/stripe.yaml").write_text(FILE)
    (tmp_path / "body.json").write_text(json.dumps(Life(discounts=["di_1"]).hooks[0]))
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, ["sources", "try", "stripe", "body.json", "--at", at])
    assert told.exit_code == 2
    assert words in told.output
    assert "discount di_1" in told.output
    assert "customer.discount.created" in told.output
