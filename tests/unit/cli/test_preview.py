"""``upsell preview`` and ``upsell templates``: what they print, and what they say when they cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import typed
from tests.live_world import make_documents, open_world
from tests.stories.world import workflow

SAAS = Path(__file__).parents[3] / "examples" / "saas"
TEMPLATE = """---
subject: {name}
preheader: For you
---
<p>Hello {{{{ customer.name }}}}</p>{{% render 'sign' %}}
"""


@pytest.mark.postgres
def test_a_customer_of_the_database_sees_what_is_live(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)
    with open_world(database) as world:
        asks = workflow(trigger="{on: Asked}", journey="[{email: {content: t1, intent: help}}]")
        files = {"templates/partials/sign.html": "<p>Acme</p>"}
        world.apply({**make_documents({"w": asks}, template=TEMPLATE), **files})
        world.happens("Customer Identified", "ada", email="ada@example.com", name="Ada")
        world.settle()
    html = tmp_path / "t1.html"
    code, out, _ = typed("preview", "t1", "--customer", "ada", "--html", html, "--locale", "de")
    assert code == 0
    head, _, text = out.partition("\n\n")
    assert text.startswith("Hello Ada\n\nAcme\n\nAcme, 1 Road\nUnsubscribe: https://links.example/u/")
    assert [line.split(":")[0] for line in head.splitlines()] == [
        "From", "To", "Subject", "Preheader", "Locale", "Sent by", "HTML",
    ]  # fmt: skip
    assert "Preheader: For you" in head
    assert "<p>Hello Ada</p>" in html.read_text("utf-8")
    past = typed("preview", "t1", "--customer", "ada", "--at", "2026-03-03")
    assert past[1].partition("\n\n")[2] == text
    code, _, err = typed("preview", "t1", "--customer", "bob")
    assert code == 1
    assert "something is known of, got c:bob" in err


def test_a_made_up_customer_needs_no_database() -> None:
    words = ("preview", "more-reports", "--example", "--workspace", SAAS, "--locale", "de", "--text")
    code, out, _ = typed(*words)
    assert code == 0
    assert out.startswith("Acme Reports\n\nMehr Platz für Example Company\n\nGuten Tag Ada,\n")
    assert "Team kostet 99\xa0$ im Monat" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("preview", "x"), "expected one of --customer ID and --example, got neither"),
        (("preview", "x", "--example", "--customer", "ada"), "got both"),
        (
            ("preview", "x", "--example", "--workspace", SAAS),
            "expected a template that a workflow sends, got x",
        ),
        (("preview", "renewed", "--example", "--workspace", SAAS, "--locale", "xx"), "expected a locale"),
        (
            ("preview", "renewed", "--example", "--workspace", SAAS, "--at", "2999-01-01"),
            "moment of the past",
        ),
        (("preview", "renewed", "--example", "--workspace", SAAS, "--channel", "push"), "known: email"),
        (("templates", "copy", "offer"), "expected: upsell templates add NAME"),
        (("templates", "add", "offers"), "did you mean offer?"),
        (("templates", "add", "offer", "--workspace", "/nowhere"), "expected a workspace with upsell.yaml"),
    ],
)
def test_what_is_wrong_is_said(
    words: tuple[object, ...],
    told: str,
) -> None:
    code, _, err = typed(*words)
    assert code == 1
    assert told in err


def test_ready_templates_are_listed_and_copied(tmp_path: Path) -> None:
    assert "offer          an offer" in typed("templates")[1]
    (tmp_path / "upsell.yaml").write_text("currency: EUR\n", "utf-8")
    code, out, _ = typed("templates", "add", "offer", "--workspace", tmp_path, "--locale", "en")
    assert code == 0
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.mjml")}
    assert written == {
        "templates/offer.mjml",
        *(f"templates/partials/{name}.mjml" for name in ("button", "footer", "header", "look")),
    }
    assert "put in your own" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("order",), ("Business is yours", "$299.00 was charged, with tax", "https://links.example/d/")),
        (("order", "--news", "to_pay"), ("One step is left for Business", "https://checkout.stripe.com/")),
        (("order", "--news", "unpaid", "--locale", "de"), ("Business wurde nicht eingerichtet",)),
        (("order", "--news", "returning"), ("We are taking you back from Business",)),
        (("colleague",), ("Grace", "https://links.example/c/")),
    ],
)
def test_mails_that_no_workflow_sends_are_shown_too(
    words: tuple[str, ...],
    said: tuple[str, ...],
) -> None:
    code, out, err = typed("preview", *words, "--example", "--workspace", SAAS)
    assert code == 0, err
    for each in said:
        assert each in out


def test_news_that_are_none_are_refused_with_those_that_are() -> None:
    given = ("--example", "--workspace", SAAS, "--news", "wonderful")
    code, _, err = typed("preview", "order", *given)
    assert (code, "expected one of confirmed, received, failed, to_pay" in err) == (1, True)
    code, _, err = typed("preview", "more-reports", *given)
    assert (code, "expected one of the templates colleague, order, got more-reports" in err) == (1, True)


def test_a_push_is_shown_with_where_it_leads_and_its_button(tmp_path: Path) -> None:
    asks = workflow(trigger="{on: Asked}", journey="[{push: {content: near, intent: help}}]")
    head = "title: Near\nlink: https://acme.example/usage?plan={{ plan.name }}"
    push = {"templates/near.push.txt": f"---\n{head}\n---\n90 % used.\n"}
    for path, said in {**make_documents({"w": asks}), **push}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(said)
    words = ("preview", "near", "--example", "--workspace", tmp_path)
    code, out, _ = typed(*words)
    assert code == 0
    assert "Title:     Near\n" in out
    assert "Opens:     https://acme.example/usage?plan=Starter\n" in out
    assert out.endswith("\n90 % used.\n\n[Stop these]\n")


def test_a_text_is_shown_with_its_segments(tmp_path: Path) -> None:
    documents = make_documents(
        {"w": workflow(trigger="{on: Asked}", journey="[{sms: {content: t1, intent: service}}]")}
    )
    words = ("preview", "t1", "--example", "--workspace", tmp_path)
    for text, shown in (
        ("a" * 161, "Segments:  2 (161 characters of GSM 7-bit)"),
        ("It’s time", "Segments:  1 (9 characters of UCS-2, because of ’)"),
    ):
        for name, said in {**documents, "templates/t1.sms.txt": text}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(said, "utf-8")
        code, out, err = typed(*words)
        assert code == 0, err
        assert shown in out
