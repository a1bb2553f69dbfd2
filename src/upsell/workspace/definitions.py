"""Definitions: everything a workflow may name, compiled before any workflow."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.decisions.queues import Queue
from upsell.decisions.rails import Rails
from upsell.workspace.editions import Edition
from upsell.workspace.findings import Findings
from upsell.workspace.prompt_texts import PromptTexts
from upsell.workspace.protection import Protection
from upsell.workspace.rulebook import Rulebook
from upsell.workspace.segments import SegmentNames
from upsell.workspace.templates import Templates


class Definitions(msgspec.Struct, frozen=True):
    """Everything a workflow may name.

    Attributes:
        catalog: Plans and offers without problems.
        rails: Price guardrails.
        protection: What no price may hang on.
        offers: Ids of all offers that are written, also with problems; None when the catalog could
            not be read, so that no complaint follows from another.
        roles: Roles a customer can have in an account.
        templates: The templates.
        prompts: The texts of prompts.
        rulebook: Compiles rules with the workspace's names.
        segments: The names of all segments that are written.
        zone: IANA name of the team's zone.
        edition: What is meant by what is not said.
        findings: Where problems are noted.
        senders: The names of all senders that workflows may name.
        queues: Queues of tasks by name; None where none are written, so that any may be named.
    """

    catalog: Catalog
    rails: Rails
    protection: Protection
    offers: frozenset[str] | None
    roles: frozenset[str]
    templates: Templates
    prompts: PromptTexts
    rulebook: Rulebook
    segments: SegmentNames
    zone: str
    edition: Edition
    findings: Findings
    senders: frozenset[str] = frozenset()
    queues: Mapping[str, Queue] | None = None
