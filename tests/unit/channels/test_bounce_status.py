"""Bounce status: answers as large receivers give them; the oracle is what each publishes of its codes."""

from __future__ import annotations

import pytest

from upsell.channels.bounce_status import read_status
from upsell.sources.refusals import is_gone

# Answers by whether the address is to be written to no more. Google: support.google.com/a/answer/3726730;
# Microsoft: learn.microsoft.com, "Non-delivery report (NDR) error codes"; Yahoo: senders.yahooinc.com.
ANSWERS = [
    ("550 5.1.1 The email account that you tried to reach does not exist.", "5.1.1", True),
    ("550 5.2.1 The email account that you tried to reach is disabled.", "5.2.1", True),
    ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", "5.1.10", True),
    ("553 5.1.2 We weren't able to find the recipient domain.", "5.1.2", True),
    ("552 5.2.2 The email account that you tried to reach is over quota.", "5.2.2", False),
    ("550 5.7.1 Our system has detected that this message is likely unsolicited mail.", "5.7.1", False),
    ("550 5.7.26 This mail is unauthenticated.", "5.7.26", False),
    ("553 5.1.8 The sender's domain does not exist: user unknown", "5.1.8", False),
    ("450 4.2.1 The user you are trying to contact is receiving mail too quickly.", "4.2.1", False),
    ("451 4.7.1 Greylisted, please try again", "4.7.1", False),
    ("554 delivery error: dd This user doesn't have a yahoo.com account", "", False),
    ("550 No such user here", "", True),
    ("550 user unknown", "", True),
    ("551 The mailbox you wrote to does not exist", "", True),
    ("550 Requested action not taken: mailbox unavailable", "", False),
    ("554 Message refused: no such user as spam is welcome here", "", False),
    ("450 no such user, for now", "", False),
    ("550 rejected, see 192.0.2.1 and 10.5.1.1.2", "", False),
]


@pytest.mark.parametrize(("answer", "status", "is_hard"), ANSWERS)
def test_an_answer_is_a_hard_bounce_only_where_it_says_that_the_address_takes_no_mail(
    answer: str, status: str, is_hard: bool
) -> None:
    assert read_status(answer) == status
    assert is_gone(answer, read_status(answer)) is is_hard
