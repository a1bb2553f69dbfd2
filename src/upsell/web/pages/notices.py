"""Notices: what a page says once at its top after a form was taken.

The law: they are a closed set, for an address may say anything.
"""

from __future__ import annotations

import enum


class Notice(enum.Enum):
    """What was done, in a sentence."""

    CHANGED = "That is changed."
    TASK_TAKEN = "It is yours."
    NEXT_TASK = "Done. Next:"
    CONTACT_STOPPED = "Nothing more is sent to them."
    CONTACT_RESUMED = "They may be written to again."
    LAST_TASK = "Done. Nothing else waits here."
    WITHDRAWN = "It is withdrawn: nobody is sent it, its place is free, and its journey goes on without."
    SETTLED_SENT = "It counts as sent, and keeps its place in the caps."
    SETTLED_NOT_SENT = "It counts as not sent: its place in the caps is free, and it is not sent again."
    ROLE_GIVEN = "They have that role from their next page on."
    KEY_REVOKED = "That key opens nothing any more, from five seconds on."
    USER_REMOVED = "They are signed out, and are let in no more."
    GUARDRAIL_LIFTED = "The workflow goes on, and counting begins anew. Who waited is asked within two hours."
    ORDER_APPROVED = "Approved. Billing is told within seconds, at the terms that were accepted."
    EXPERIMENT_CLOSED = "Closed, and kept with what was found. Put its file into the workspace, and apply it."
    ORDER_REFUSED = "Refused. Nothing was charged, and the customer is mailed your words."
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
