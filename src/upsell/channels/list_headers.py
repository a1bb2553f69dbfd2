"""List headers: what tells a receiver which stream of ours a mail belongs to.

For rendering. The law: they are the same for every mail of a stream and name no person, so that whoever
reads them can tell streams apart and nobody a customer. Source: RFC 2919 for List-Id; Google, "Feedback
loop", support.google.com/a/answer/6254652, for Feedback-ID. There is no Precedence: no standard has it, and
what answers by itself is stopped by Auto-Submitted and List-Id (RFC 3834, RFC 5230).
"""

from __future__ import annotations

import re
from functools import lru_cache

from upsell.journeys.effects import Speak
from upsell.journeys.program import Sender
from upsell.journeys.workflow import Workflow

_ODD = re.compile(r"[^A-Za-z0-9-]+")
_LONGEST = 40


def list_headers(sender: Sender, workflow: Workflow, message: Speak) -> tuple[tuple[str, str], ...]:
    """Give the header fields of the stream a message belongs to.

    List-Id is of the brand and the workflow's category, or the intent where it has none. Feedback-ID is the
    workflow, the category, the arm, and who sends.
    """
    domain = sender.list_domain or sender.address.rpartition("@")[2].lower()
    category = workflow.category or message.intent.value
    return _stream(domain, sender.key, workflow.key, category, message.arm or "all")


@lru_cache(maxsize=1024)
def _stream(domain: str, brand: str, workflow: str, category: str, arm: str) -> tuple[tuple[str, str], ...]:
    category = _word(category)
    list_id = ".".join(part for part in (category, _word(brand), domain) if part)
    feedback = (_word(workflow), category, _word(arm), _sender_id(domain))
    return (("List-Id", f"<{list_id}>"), ("Feedback-ID", ":".join(feedback)))


def _word(text: str) -> str:
    return _ODD.sub("-", text).strip("-")[:_LONGEST].strip("-")


def _sender_id(domain: str) -> str:
    """Give who sends in 5 to 15 letters and digits, as Gmail wants it."""
    return re.sub(r"[^a-z0-9]", "", domain)[:15].ljust(5, "0")
