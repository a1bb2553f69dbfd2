"""Pages of what can be wrong with a sink, beside what can be wrong with any YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upsell.workspace.codes.page import Page

OF_SINKS: Final[Mapping[str, Page]] = {
    page.code: page
    for page in (
        Page(
            code="sink-event",
            meaning="A sink asks for an event whose name looks like a slip of a fixed one; none would come.",
            remedy="Take the name of the event table, or one of your own that is not so like it.",
        ),
        Page(
            code="sink-url",
            meaning="A sink is at an address nothing is ever sent to: in the open, or with a user in it.",
            remedy="Write https:// and no user; http is for this machine alone. Secrets go into variables.",
        ),
    )
}
"""Every page of a sink's own codes."""
