"""Prompt text: the words of a prompt for whoever looks, rendered from what the workflow was frozen with.

By the way of letters: the same facts, filters and locales. The law: a text with a hole is not shown; the
words of the offer stand in its place.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.channels.render import choose_content, names_used, render_text, template_facts
from upsell.clock import Moment
from upsell.errors import DeliveryError
from upsell.journeys.effects import Speak
from upsell.journeys.household import Household
from upsell.journeys.program import Program
from upsell.journeys.workflow import PromptLink
from upsell.workspace.prompt_texts import link_place


class WrittenPrompt(msgspec.Struct, frozen=True):
    """What a text says; what is empty is said in the words of the offer.

    Attributes:
        locale: The locale it is in, with the reader's own country where that speaks its language.
        title: Its heading.
        paragraphs: What it says.
        accept: The button that accepts, without its price.
        later: The button for not now.
        never: The button for never.
        link: A link beside the buttons.
        reasons: What may speak against an offer: as it is told, and as it is said.
    """

    locale: str
    title: str
    paragraphs: tuple[str, ...]
    accept: str
    later: str
    never: str
    link: PromptLink | None
    reasons: Mapping[str, str]


def write_prompt(
    program: Program, household: Household, message: Speak, now: Moment, locale: str | None = None
) -> WrittenPrompt | None:
    """Render the text of a prompt; None where its content names none.

    Args:
        program: The program.
        household: The household of whoever looks; it is not changed.
        message: The prompt, as a message over the channel ``prompt``.
        now: The present.
        locale: The locale to take for theirs; None for what their traits say.

    Raises:
        DeliveryError: It cannot be rendered, with the reason.
    """
    workflow = program.of_version(message.workflow, message.version)
    written = workflow.contents.get(message.content) if workflow is not None else None
    if written is None or written.prompt is None:
        return None
    if message.customer_id not in household.customers:
        msg = f"expected a customer of {household.id} who looks, got nobody it knows"
        raise DeliveryError(msg, is_temporary=False)
    told = choose_content(program, household, message, locale)
    content, text = told.content, told.content.prompt
    if text is None:
        return None
    facts = template_facts(
        program, household, message, now, told.manner, names_used(content, message.channel)
    )

    def said(source: str) -> str:
        return " ".join(render_text(content, source, facts).split())

    paragraphs = (said(source) for source in text.paragraphs)
    link = PromptLink(said(text.link.label), said(text.link.url)) if text.link is not None else None
    return WrittenPrompt(
        locale=str(told.manner),
        title=said(text.title),
        # What a condition leaves out leaves no gap.
        paragraphs=tuple(each for each in paragraphs if each),
        accept=said(text.accept),
        later=said(text.later),
        never=said(text.never),
        link=link if link is not None and link.label and link_place(link.url) is not None else None,
        reasons={reason: label for reason, each in text.reasons.items() if (label := said(each))},
    )
