"""``upsell sources``: what is ready, what a recipe makes of a body, and which sources are open."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.live_world import make_documents
from tests.unit.sources import vendors
from upsell.cli.main import main
from upsell.sources.recipes import recipe_names


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["upsell", "sources", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def body(folder: Path, said: object) -> str:
    file = folder / "body.json"
    file.write_text(json.dumps(said), encoding="utf-8")
    return str(file)


def test_every_recipe_is_listed_and_shown_as_a_file_that_can_be_used(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, listed, _ = run(capsys, monkeypatch, "recipes")
    for name in recipe_names():
        assert f"\n{name} " in f"\n{listed}"
        code, shown, _ = run(capsys, monkeypatch, "show", name)
        assert code == 0
        copy = tmp_path / f"{name}.yaml"
        copy.write_text(shown, encoding="utf-8")
        told = run(capsys, monkeypatch, "try", str(copy), body(tmp_path, {"nothing": 1}))
        assert told[0] == 2
        assert "kept aside (unknown_" in told[1]


def test_an_event_is_shown_as_it_would_stand(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = body(tmp_path, vendors.stigg_usage(100, "1"))
    code, out, _ = run(capsys, monkeypatch, "try", "stigg", file, "--at", "2026-03-02T09:00:00Z")
    assert code == 0
    assert out.splitlines() == [
        "1 event",
        "",
        "Limit Reached",
        "  id               a6ce2605-1/Limit Reached",
        "  account          acme",
        "  occurred_at      2026-01-05T11:59:16.399000Z",
        '    metric         "feature-02-campaigns"',
    ]


def test_headers_are_seen_and_a_body_may_come_through_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = json.dumps(vendors.shopify_order()).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said)))
    code, out, _ = run(capsys, monkeypatch, "try", "shopify", "-", "--header", "X-Shopify-Topic: orders/paid")
    assert code == 0
    assert "Order Completed" in out


def test_what_is_passed_over_or_kept_aside_is_said_with_its_reason(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    near = run(capsys, monkeypatch, "try", "stigg", body(tmp_path, vendors.stigg_usage(83, "1")))
    assert near[:2] == (0, "0 events, 1 passed over\n")
    lacking = run(
        capsys, monkeypatch, "try", "stigg", body(tmp_path, vendors.stigg_usage(100, "1", customer=None))
    )
    assert lacking[0] == 2
    assert "kept aside (missing_id), body: expected the id of the account at body.customer.id" in lacking[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["try", "zendesk"], "expected upsell sources try RECIPE BODY.json"),
        (["try", "zendsk", "x"], "did you mean zendesk?"),
        (["try", "zendesk", "nowhere.json"], "nowhere.json"),
        (["try", "nowhere.yaml", "x"], "expected a file of a source"),
        (["try", "zendesk", "BODY", "--header", "x"], "expected --header 'Name: value'"),
        (["try", "zendesk", "BODY", "--at", "noon"], "expected --at as ISO 8601"),
        (["show", "paddel"], "did you mean paddle?"),
        (["show"], "expected the name of a recipe"),
    ],
)
def test_a_command_that_cannot_be_done_says_what_was_expected(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: list[str],
    told: str,
) -> None:
    named = [body(tmp_path, {}) if word == "BODY" else word for word in words]
    code, _, err = run(capsys, monkeypatch, *named)
    assert code == 1
    assert told in err


def test_a_source_that_is_wrong_is_told_with_its_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("webhook:\n  recipe: zendesk\n  customer: body.\n", encoding="utf-8")
    code, _, err = run(capsys, monkeypatch, "try", str(file), body(tmp_path, {}))
    assert code == 1
    assert "mine.yaml:3" in err
    assert "not finished" in err


def test_sources_of_a_directory_are_listed_with_whether_they_are_open(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = {
        **make_documents({}),
        "sources/zendesk.yaml": "webhook: {recipe: zendesk, path: help}\n",
        "sources/stigg.yaml": "webhook: {recipe: stigg, secrets: [UPSELL_SECRET_A, UPSELL_SECRET_B]}\n",
        "sources/orders.yaml": "kafka: {servers: UPSELL_SECRET_KAFKA, topics: [a], start: latest}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("UPSELL_SECRET_B", "x")
    code, out, _ = run(capsys, monkeypatch, "list", "--workspace", str(tmp_path))
    assert code == 0
    rows = [row.split(maxsplit=2) for row in out.splitlines()]
    assert rows.pop(0) == [
        "orders",
        "reads",
        "by itself                  closed: expected UPSELL_SECRET_KAFKA to be set, which "
        "sources/orders.yaml names; it is not",
    ]
    assert rows == [
        ["stigg", "/hooks/stigg", "open by UPSELL_SECRET_B"],
        ["zendesk", "/hooks/help", "closed until UPSELL_SECRET_ZENDESK is set"],
    ]
