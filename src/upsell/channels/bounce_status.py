"""Bounce status: what a refusal says, read off its enhanced status code or, without one, its words.

For whoever reads answers of mail servers and delivery reports. The law: only what says that the address
itself takes no mail, now or ever, is a hard bounce; a refusal of the sender, of the content or for a
policy says nothing of the address. Source: RFC 3463 and the registry it opened; RFC 7505 for 5.1.10.
"""

from __future__ import annotations

import re
from typing import Final

HARD_STATUSES: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""No such mailbox, no such domain, no such form, moved away, domain without mail, mailbox disabled."""

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_BASIC = re.compile(r"\A\s*(\d{3})\b")
_NOBODY = re.compile(
    r"""
    (no\s+such|unknown|invalid|non-?existent)\s+(local\s+)?(user|recipient|mailbox|address|person)
    | (user|recipient|mailbox|address|account)\s+(is\s+)?(unknown|not\s+found|invalid|disabled)
    | (user|recipient|mailbox|address|account)\s[^.;]{0,60}?(does\s?n[o']t|does\s+not)\s+exist
    | no\s+mailbox\s+here
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MAILBOX_CODES = frozenset({"550", "551", "553"})


def read_status(text: str) -> str:
    """Give the first enhanced status code of an answer, ``5.1.1``; empty where it has none."""
    found = _STATUS.search(text)
    return ".".join(found.groups()) if found else ""


def is_hard_bounce(status: str, text: str) -> bool:
    """Tell whether an answer says that the address takes no mail.

    Args:
        status: The enhanced status code, empty where there is none.
        text: The answer, with its code of three digits where it had one. Read only without a status.
    """
    if status:
        return status in HARD_STATUSES
    basic = _BASIC.match(text)
    return basic is not None and basic[1] in _MAILBOX_CODES and _NOBODY.search(text) is not None
