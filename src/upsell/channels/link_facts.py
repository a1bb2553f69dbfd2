"""The links of a letter: where its reader leaves, and chooses what to hear about.

For templates, as ``links.unsubscribe`` and ``links.preferences``. The law: a link is there only where it
works; a template asks for it with ``{% if links.unsubscribe %}``.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.journeys.effects import Speak
from upsell.journeys.program import Program


def link_facts(program: Program, message: Speak) -> Mapping[str, str]:
    """Give the links of a message by their names; empty where nothing makes them."""
    del program, message
    return {}
