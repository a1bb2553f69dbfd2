"""Prompt views: what was decided, as it is drawn, in the words its workflow was frozen with."""

from __future__ import annotations

from typing import Final

import msgspec
import structlog

from upsell.catalog.offers import Offer
from upsell.channels.charge_words import WORDS
from upsell.channels.prompt_text import WrittenPrompt, write_prompt
from upsell.channels.prompt_view import PromptView, view_prompt
from upsell.channels.prompt_words import language_of
from upsell.decisions.intents import Intent
from upsell.decisions.reach import PROMPT
from upsell.decisions.terms import Terms
from upsell.errors import DeliveryError
from upsell.ids import UnitId
from upsell.journeys.effects import Speak
from upsell.journeys.household import Enrollment, Household
from upsell.journeys.trials import says_paid_terms
from upsell.runtime.deciding import Prompted

_log = structlog.get_logger(__name__)
_NOBODY: Final = ""


def view_prompted(told: Prompted, locale: str = "", *, is_foreseen: bool = False) -> PromptView | None:
    """Give what is drawn of an answer; None where nothing is offered.

    Args:
        told: The answer.
        locale: What the reader of the page reads; empty for what their traits say.
        is_foreseen: Whether somebody can say what would be charged, so that the page may ask.
    """
    said = told.prompt
    if said is None:
        return None
    offer = told.program.catalog.offers.get(str(said.get("offer")))
    if offer is not None and offer.trial_days and _is_paid(told, offer):
        # Who tries it already is told what it costs, and not that they may try it.
        offer = msgspec.structs.replace(offer, trial_days=0)
    kind = str(said.get("kind") or "")
    text = _text(told, locale)
    locales = (locale, *told.locales) if text is None else (text.locale,)
    view = view_prompt(dict(said), offer, told.plans, kind, locales, text, told.program.catalog.items)
    if not is_foreseen or offer is None or offer.trial_days or view.cart is not None:
        return view
    return msgspec.structs.replace(view, charges=WORDS[language_of(view.lang)].asking)


def _is_paid(told: Prompted, offer: Offer) -> bool:
    """Tell whether these are the paid terms of a trial that is under way."""
    said, household = told.prompt, told.household
    if said is None or household is None:
        return False
    units = [household.account, *household.customers.values()]
    return any(
        unit is not None
        and unit.id == said["unit"]
        and says_paid_terms(unit, str(said["enrollment"]), offer.id, told.at, told.at)
        for unit in units
    )


def _text(told: Prompted, locale: str) -> WrittenPrompt | None:
    """Give the words of its content; None where there are none, or they would have a hole."""
    said, household = told.prompt, told.household
    if said is None or household is None or not said.get("content"):
        return None
    message = _message(told, household)
    try:
        return write_prompt(told.program, household, message, told.at, locale or None)
    except DeliveryError as error:
        _log.warning("prompt_text_not_rendered", prompt=message.key, reason=str(error))
        return None


def _message(told: Prompted, household: Household) -> Speak:
    said = told.prompt or {}
    workflow, enrollment = str(said["workflow"]), _enrollment(told, household)
    newest = told.program.workflows.get(workflow)
    version = newest.version if newest is not None else ""
    terms = said.get("terms")
    return Speak(
        key=str(said["prompt"]),
        enrollment=str(said["enrollment"]),
        workflow=workflow,
        version=enrollment.version if enrollment is not None else version,
        step=str(said["step"]),
        visit=1,
        unit_id=UnitId(str(said["unit"])),
        customer_id=told.customer_id or _NOBODY,
        channel=PROMPT,
        intent=Intent(said["intent"]),
        content=str(said["content"]),
        offer=str(said["offer"]) if "offer" in said else None,
        arm=enrollment.arm if enrollment is not None else None,
        trigger=enrollment.trigger if enrollment is not None else {},
        reserved_at=told.at,
        terms=msgspec.convert(terms, Terms) if terms is not None else None,
    )


def _enrollment(told: Prompted, household: Household) -> Enrollment | None:
    """Give the passage that left the prompt; None when it is over since."""
    said = told.prompt or {}
    units = [household.account, *household.customers.values()]
    unit = next((each for each in units if each is not None and each.id == said["unit"]), None)
    return unit.enrollments.get(str(said["enrollment"])) if unit is not None else None
