"""Notices: what a page says once at its top after a form was taken.

The law: they are a closed set, for an address may say anything.
"""

from __future__ import annotations

import enum


class Notice(enum.Enum):
    """What was done, in a sentence."""

    CHANGED = "That is changed."
    CHANGE_DRAFTED = "The change is kept as a draft. Nothing of it is live."
    CHANGE_ALTERED = "The change is altered, and is a draft again. Nothing of it is live."
    CHANGE_ASKED = "It was asked for. Another person decides now."
    CHANGE_APPROVED = "The change is approved as it stands. It is live once somebody launches it."
    CHANGE_REFUSED = "The change is refused and closed. What is live stays as it is."
    CHANGE_LAUNCHED = "The change is launched: it is live."
    CHANGE_WITHDRAWN = "The change is withdrawn and closed. What is live stays as it is."
    STOPPED = "Stopped. What was to go out waits as it is."
    LET_GO_ON = "It goes on. What waited is asked about again before it goes out."


def notice_of(said: str) -> str:
    """Give the words of a notice by its name in an address; empty for none."""
    return next((each.value for each in Notice if each.name.lower() == said), "")
