"""Refusals: whether what a mail server said means that nobody is there, or that one mail was not taken.

Pure. The law: only what says that nobody is there is for good; full, busy, blocked and unwelcome are not,
for the next message may get through. Source: RFC 3463, and its registry of enhanced status codes (RFC 5248).
"""

from __future__ import annotations

import re

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([245]\d\d)(?=[ -])")

_GONE = frozenset(
    {
        (1, 1),  # bad destination mailbox address
        (1, 2),  # bad destination system address
        (1, 3),  # bad destination mailbox address syntax
        (1, 6),  # mailbox has moved, no forwarding address
        (1, 10),  # recipient address has null MX (RFC 7505)
        (2, 1),  # mailbox disabled, not accepting messages
    }
)
"""Subject and detail of permanent codes by which nobody is there."""

_VAGUE = frozenset({(0, 0), (1, 0), (3, 0), (4, 4), (5, 0)})
"""Those that say little by themselves: what is written beside them tells."""

_NOBODY = re.compile(
    r"(user|recipient|mailbox|account|address|addressee)s? (is |was |has been )?"
    r"(unknown|not found|does(n.t| not) exist|disabled|inactive|closed|no longer|not exist|invalid|"
    r"not recogni[sz]ed)"
    r"|(user|recipient|mailbox|address|account)\s[^.;]{0,60}?does(n.t| not) exist"
    r"|unknown (user|recipient|address|mailbox|account|local)"
    r"|no such (user|recipient|address|mailbox|account|person|domain)"
    r"|(invalid|nonexistent|non-existent) (user|recipient|address|mailbox|domain)"
    r"|no mailbox (here )?by that name|no (longer )?(a )?valid mailbox"
    r"|not a valid (user|recipient|mailbox|address)"
    r"|recipientnotfound|does not have an? \S+ account|account .{0,40}does not exist"
    r"|couldn't find any host|unrouteable address|nxdomain"
    r"|(host|domain)( or domain)?( name)? (not found|does not exist|unknown)"
    r"|account .{0,30}(disabled|closed|terminated|deactivated)",
    re.IGNORECASE,
)

_NOT_NOW = re.compile(
    r"quota|\bfull\b|over(\s|-)?limit|too many|\brate\b|temporar|try again|greylist|spam|block|policy|"
    r"reputation|blacklist|denylist|virus|too large|dmarc|dkim|\bspf\b",
    re.IGNORECASE,
)


def is_gone(said: str, status: str = "") -> bool:
    """Tell whether a refusal means that nobody can be reached at the address, now or later.

    Args:
        said: What the server said, such as ``550 5.1.1 user unknown``; its first 2,000 characters are read.
        status: The enhanced status code of a report, where there is one; it goes before what was said.
    """
    said = said[:2_000]
    found = _STATUS.search(status) or _STATUS.search(said)
    if found is None:
        reply = _REPLY.search(said)
        return reply is not None and reply[1][0] == "5" and _says_nobody(said)
    code = (int(found[2]), int(found[3]))
    if found[1] != "5":
        return False
    return code in _GONE or (code in _VAGUE and _says_nobody(said))


def _says_nobody(said: str) -> bool:
    return _NOBODY.search(said) is not None and _NOT_NOW.search(said) is None
