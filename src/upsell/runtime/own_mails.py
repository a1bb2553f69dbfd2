"""Own mails: the templates of mails that no workflow sends, the team's where it has them, else those shipped.

For the dispatcher. The law: a mail about an order is never held up by a template nobody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from upsell.errors import StoreError
from upsell.journeys.program import Program
from upsell.journeys.workflow import Content
from upsell.runtime.ready import own_documents
from upsell.workspace.findings import Findings
from upsell.workspace.rulebook import LINK_NAMES, ORDER_NAMES, OWN_MAILS
from upsell.workspace.template_checks import Scopes
from upsell.workspace.templates import compile_templates

_SCOPES: Final[Scopes] = {
    "customer": None,
    "account": None,
    "usage": None,
    "limits": None,
    "order": ORDER_NAMES,
    "links": LINK_NAMES,
    "sender": frozenset({"name", "address", "postal_address"}),
    "locale": frozenset(),
}
"""What the shipped templates may name."""


def with_own_mails(program: Program) -> Program:
    """Give a program with every template of a mail that no workflow sends."""
    if program.own_mails.keys() >= OWN_MAILS:
        return program
    return msgspec.structs.replace(program, own_mails={**_shipped(program.locale), **program.own_mails})


@lru_cache(maxsize=8)
def _shipped(locale: str) -> Mapping[str, Content]:
    """Compile what is shipped for workspaces whose own templates are in a locale."""
    made = compile_templates(own_documents(locale), locale, _SCOPES, {}, Findings())
    if made.contents.keys() < OWN_MAILS:
        msg = "expected the shipped templates of mails about orders to compile, got problems with them"
        raise StoreError(msg)
    return made.contents
