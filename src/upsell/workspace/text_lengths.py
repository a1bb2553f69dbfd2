"""Lengths of texts: what their templates cost before anything is filled in.

For the lints of a workflow. The law: only what stands in a template is counted, never what a customer's own
words make of it, and nothing that may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from upsell.decisions.reach import SMS
from upsell.decisions.text_segments import count_segments
from upsell.journeys.speaking import SpeakingStep
from upsell.journeys.steps import MessageStep
from upsell.journeys.workflow import Content, Workflow
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Record
from upsell.workspace.spacing import channels_of
from upsell.workspace.written_steps import place_of

MOST_SEGMENTS: Final = 3
"""How many segments a text may be before anything is filled in."""

_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_PLAIN: Final = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\xa0": "a blank"}
"""What is meant by signs that editors put in by themselves."""


def lint_text_lengths(workflow: Workflow, record: Record, findings: Findings) -> None:
    """Note each template of a text that is long, or that one sign makes cost more than twice as much."""
    told: set[str] = set()
    for journey in (workflow.journey, workflow.on_goal):
        for step in journey.steps.values():
            if not isinstance(step, SpeakingStep) or SMS not in channels_of(step):
                continue
            names = step.content.values() if isinstance(step, MessageStep) else ()
            for name in names:
                content = workflow.contents.get(name)
                if content is not None and name not in told:
                    told.add(name)
                    for locale, text in _texts(content):
                        file = f"templates/{name}{locale}.sms.txt"
                        _lint(file, text, place_of(record, step.id), findings)


def _texts(content: Content) -> Iterator[tuple[str, str]]:
    if content.sms:
        yield "", content.sms
    for locale, each in sorted(content.locales.items()):
        if each.sms:
            yield f".{locale}", each.sms


def _lint(file: str, text: str, place: Place, findings: Findings) -> None:
    said = _LIQUID.sub("", text).strip()
    found = count_segments(said)
    signs = [each for each in found.odd if each in _PLAIN]
    if signs and len(signs) == len(found.odd):
        instead = ", ".join(f"{_PLAIN[each]} for {each}" for each in signs if each != "\xa0")
        findings.warning(
            place,
            f"expected signs of the GSM alphabet in {file}, got {' '.join(signs)}: a text with one of them "
            "has 70 characters a segment, not 160",
            hint=f"write {instead}" if instead else "write a plain blank for the one that does not break",
            code="sms-costly-sign",
        )
    if found.count > MOST_SEGMENTS and "{%" not in text:
        findings.warning(
            place,
            f"expected at most {MOST_SEGMENTS} segments in {file}, got {found.count} before anything is "
            f"filled in ({found.encoding.value})",
            hint="each segment is paid for; say less, or say it by mail",
            code="sms-long",
        )
