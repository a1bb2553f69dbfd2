"""Answering: what became of a prompt or an offer, told by the page it stood in.

The law: what is declined is what was shown under the key, whatever the page says it was; an answer told
twice is one.
"""

from __future__ import annotations

import enum
from typing import Any, Final

from upsell.clock import Moment
from upsell.runtime.identities import Identity
from upsell.signals.events import OFFER_DECLINED, PROMPT_CLICKED, PROMPT_DISMISSED, PROMPT_SHOWN, Event
from upsell.store.acceptances import find_showing
from upsell.store.connect import connect

SOURCE: Final = "prompts"
"""The source of the events made here."""


class Act(enum.Enum):
    """What somebody did with a prompt."""

    SHOWN = "shown"
    CLICKED = "clicked"
    DISMISSED = "dismissed"
    DECLINED = "declined"


_EVENTS: Final = {
    Act.SHOWN: PROMPT_SHOWN,
    Act.CLICKED: PROMPT_CLICKED,
    Act.DISMISSED: PROMPT_DISMISSED,
    Act.DECLINED: OFFER_DECLINED,
}


def write_answer(
    url: str,
    act: Act,
    key: str,
    told_as: str,
    identity: Identity,
    now: Moment,
    why: dict[str, str],
    source: str = SOURCE,
) -> Event:
    """Write what somebody did with a prompt, or answered to the offer of a message, as an event.

    Declining what made no offer closes it, and no more.

    Args:
        url: The database, asked for what stood behind the key of what is declined.
        act: What was done.
        key: The key of the prompt, or of the message.
        told_as: The id it is told under.
        identity: Who did it.
        now: When it came.
        why: Of a decline the ``answer`` and, where said, the ``reason`` and the ``feature`` that is missing.
        source: The source of the event.
    """
    said: dict[str, Any] = {"key": key}
    if act is Act.DECLINED:
        with connect(url) as connection:
            showing = find_showing(connection, key, now)
        if showing is None:
            act = Act.DISMISSED
        else:
            said |= {"offer": showing.terms.offer, "thing": showing.terms.thing, **why}
    return Event(
        id=f"{act.value}/{key}/{told_as}",
        name=_EVENTS[act],
        occurred_at=now,
        seen_at=now,
        customer_id=identity.customer_id,
        account_id=identity.account_id,
        properties=said,
        source=source,
    )
