"""Senders and streams: a workflow's mail comes from the brand it names, and says which stream it is of."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import SMTP

import msgspec
import pytest

from tests.stories.world import CATALOG, SETTINGS, START, Story, workflow
from tests.unit.channels.test_mime import LETTER
from upsell.channels.channel import Letter
from upsell.channels.mime import format_mail
from upsell.channels.render import write_letter
from upsell.errors import DefinitionError
from upsell.journeys.effects import Speak
from upsell.workspace.compile import compile_documents

SENDERS = """
senders:
  acme-de:
    name: Acme Deutschland
    address: hallo@de.acme.example
    postal_address: Hauptstr. 1
    reply_to: hilfe@acme.example
  beta: {name: Beta, address: hi@beta.example, postal_address: 2 Road, list_domain: News.Beta.example}
"""


def written(more: str, senders: str = SENDERS) -> Letter:
    journey = "[{email: {content: hello, intent: help}}]"
    program = compile_documents(
        {
            "upsell.yaml": SETTINGS + senders,
            "catalog.yaml": CATALOG,
            "workflows/api-quota.yaml": workflow(trigger="{on: Pricing Viewed}", journey=journey, more=more),
            "templates/hello.html": "---\nsubject: Hi\n---\n{{ sender.name }}, {{ sender.postal_address }}\n",
        }
    ).program
    story = Story(program, delivers=False)
    story.happens("Customer Identified", email="ada@example.com")
    story.happens("Pricing Viewed")
    (message,) = [effect for effect in story.effects if isinstance(effect, Speak)]
    return write_letter(program, story.household, message, START)


@pytest.mark.parametrize(
    ("more", "sender", "reply_to", "said", "list_id", "feedback"),
    [
        (
            "", "hello@acme.example", "", "Acme, 1 Road\n",
            "<help.acme.example>", "api-quota:help:all:acmeexample",
        ),
        (
            "sender: acme-de\ncategory: tips", "hallo@de.acme.example", "hilfe@acme.example",
            "Acme Deutschland, Hauptstr. 1\n",
            "<tips.acme-de.de.acme.example>", "api-quota:tips:all:deacmeexample",
        ),
        (
            "sender: beta", "hi@beta.example", "", "Beta, 2 Road\n",
            "<help.beta.news.beta.example>", "api-quota:help:all:newsbetaexample",
        ),
    ],
)  # fmt: skip
def test_mail_comes_from_the_sender_its_workflow_names_and_tells_its_stream(
    more: str, sender: str, reply_to: str, said: str, list_id: str, feedback: str
) -> None:
    letter = written(more)
    assert (letter.sender, letter.reply_to, letter.html) == (sender, reply_to, said)
    mail = message_from_bytes(format_mail(letter), policy=SMTP)
    assert mail["List-Id"] == list_id
    assert mail["Feedback-ID"] == feedback
    assert mail["Reply-To"] == (reply_to or None)
    assert str(mail["Message-ID"]).endswith(f"@{sender.partition('@')[2]}>")
    assert "ada" not in f"{list_id}{feedback}"


def test_a_sender_that_there_is_none_of_is_told_with_the_nearest() -> None:
    with pytest.raises(DefinitionError, match=r"(?s)sender.*got acme-ed.*did you mean acme-de\?"):
        written("sender: acme-ed")


def test_naming_a_sender_makes_another_version_and_naming_none_leaves_it_as_it_was() -> None:
    def version(more: str, senders: str) -> str:
        program = compile_documents(
            {
                "upsell.yaml": SETTINGS + senders,
                "catalog.yaml": CATALOG,
                "workflows/w.yaml": workflow(trigger="{on: X}", journey="[{wait: 1 days}]", more=more),
            }
        ).program
        return program.workflows["w"].version

    assert version("", "") == version("", SENDERS)
    assert version("sender: beta", SENDERS) != version("", SENDERS)


def test_further_fields_stand_in_the_mail_and_none_can_hide_another() -> None:
    long = "<https://acme.example/" + "a" * 120 + ">"
    letter = msgspec.structs.replace(
        LETTER, reply_to="help@acme.example", headers=(("List-Unsubscribe", long), ("X-Note", "a b"))
    )
    mail = message_from_bytes(format_mail(letter), policy=SMTP)
    assert (mail["List-Unsubscribe"], mail["X-Note"], mail["Reply-To"]) == (long, "a b", "help@acme.example")
    for name, value in (("X", "a\r\nBcc: eve@example.com"), ("X: y\r\nBcc", "eve"), ("X", ""), ("X", "ä")):
        with pytest.raises(ValueError, match="expected a header field"):
            format_mail(msgspec.structs.replace(LETTER, headers=((name, value),)))
    with pytest.raises(ValueError, match="expected an address"):
        format_mail(msgspec.structs.replace(LETTER, reply_to="x\r\nBcc: eve@example.com"))
