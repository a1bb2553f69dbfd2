"""The registry: every code of a workspace with its page.

For ``upsell check --explain``, the reference pages and waivers. The law: one code, one page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upsell.workspace.codes import (
    catalog,
    experiments,
    files,
    hours,
    lints,
    rules,
    steps,
    templates,
    terms,
    workflows,
)
from upsell.workspace.codes.page import Page, Subject

PAGES: Final[Mapping[str, Page]] = {
    page.code: page
    for page in (
        *lints.LINTS,
        *templates.LINTS,
        *files.PAGES,
        *templates.PAGES,
        *workflows.PAGES,
        *experiments.PAGES,
        *steps.PAGES,
        *catalog.PAGES,
        *terms.PAGES,
        *hours.PAGES,
        *rules.PAGES,
    )
}
"""Every page by its code, warnings first."""


def waivable(subject: Subject) -> Mapping[str, Page]:
    """Give the pages of what a waiver in a workflow, or in an offer, may name."""
    return {code: page for code, page in PAGES.items() if page.waived_in is subject}
