"""Rendering: a template and the facts of a household become a letter.

For the dispatcher, at the moment of sending. The law: a name without a value is no empty text; a
letter that would have a hole is not written, and the reason says which name it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import liquid
from liquid.exceptions import LiquidError

from upsell.catalog.catalog import Catalog
from upsell.catalog.plans import BillingInterval
from upsell.channels.channel import Letter
from upsell.channels.footer import leaving_headers, with_footer
from upsell.channels.languages import language_of
from upsell.channels.link_facts import LinkMint, link_facts
from upsell.channels.list_headers import list_headers
from upsell.channels.mime import is_address
from upsell.clock import Moment, format_moment
from upsell.decisions.addresses import address_on
from upsell.decisions.carts import cart_facts
from upsell.decisions.facts import UnitFacts
from upsell.decisions.fit import Fit, fit_plan
from upsell.decisions.intents import PROMOTIONAL
from upsell.decisions.lineup import line_up, lineup_content
from upsell.decisions.proof_words import proof_told
from upsell.decisions.reach import ADDRESS_TRAITS, EMAIL, PUSH, SMS
from upsell.decisions.terms import Terms
from upsell.errors import DeliveryError
from upsell.ids import bare, is_account
from upsell.journeys.advance import concerns_for
from upsell.journeys.effects import Speak
from upsell.journeys.household import Household, Unit
from upsell.journeys.program import Program
from upsell.journeys.scene import Scene
from upsell.journeys.workflow import Content
from upsell.money import Money
from upsell.rules.facts import Scalar
from upsell.workspace.templates import html_environment, text_environment

MOST_LOOPS = 10_000
"""How often a template may go round its loops."""

LARGEST = 1_000_000
"""How many characters a template may grow to."""


def write_letter(
    program: Program, household: Household, message: Speak, now: Moment, mint: LinkMint | None = None
) -> Letter:
    """Render a message for the person it is addressed to; the household is not changed.

    Mail that promotes says where it comes from and how to leave, whatever its template says.

    A template sees ``customer`` and ``account`` (traits), ``plan``, ``subscription``, ``cart``, ``usage``,
    ``limits``, ``over`` and ``days_to_limit`` (by metric), ``fit``, ``proof``, ``plans`` (a list),
    ``offer``, ``sender``, ``workflow``, ``trigger`` and ``links``. Money is text with its currency, moments
    are ISO 8601 in UTC.

    Args:
        program: What the workspace says.
        household: The household the message is about.
        message: What is to be said.
        now: The moment it is dated with.
        mint: What its links are made with; without it none is there, as in a preview.

    Raises:
        DeliveryError: The message cannot be written, with the reason; trying again does not help.
    """
    workflow = program.of_version(message.workflow, message.version)
    content = workflow.contents.get(message.content) if workflow is not None else None
    if workflow is None or content is None:
        msg = f"expected the template {message.content} of {message.workflow}, found none in its version"
        raise DeliveryError(msg, is_temporary=False)
    address = _address(household, message)
    links = link_facts(message, mint)
    facts = {**template_facts(program, household, message, now), "links": links}
    try:
        subject, html, text = _rendered(content, message.channel, facts)
    except LiquidError as error:
        msg = f"the template {message.content} cannot be rendered: {error.message}"
        raise DeliveryError(msg, is_temporary=False) from error
    sender = program.sender_of(workflow)
    headers = list_headers(sender, workflow, message) if message.channel == EMAIL else ()
    if message.channel == EMAIL and message.intent in PROMOTIONAL and links:
        language = language_of(household.customers[message.customer_id].profile.traits)
        html, text = with_footer(html, text, sender, links, language)
        headers += leaving_headers(links)
    return Letter(
        key=message.key,
        sender_name=sender.name,
        sender=sender.address,
        recipient=address,
        subject=subject,
        html=html,
        text=text,
        written_at=now,
        reply_to=sender.reply_to,
        headers=headers,
    )


def _address(household: Household, message: Speak) -> str:
    """Give the address of whom a message is for, on its channel."""
    person = household.customers.get(message.customer_id)
    traits = person.profile.traits if person is not None else {}
    address = address_on(message.channel, traits, ())
    if address is None or (message.channel == EMAIL and not is_address(address)):
        trait = ADDRESS_TRAITS[message.channel]
        msg = f"expected customer.{trait} to be {_ADDRESSES[message.channel]}, got {traits.get(trait)!r}"
        raise DeliveryError(msg, is_temporary=False)
    return address


_ADDRESSES: Mapping[str, str] = {
    EMAIL: "a plain address",
    SMS: "a number such as +15551234567 (E.164)",
    PUSH: "a token without spaces",
}


def _rendered(content: Content, channel: str, facts: Mapping[str, object]) -> tuple[str, str, str]:
    """Render subject or title, HTML and text of a template for a channel."""
    if channel == EMAIL:
        return (
            _template(content.subject, is_html=False).render(facts),
            _template(content.html, is_html=True).render(facts),
            _template(content.text, is_html=False).render(facts),
        )
    title, text = ("", content.sms) if channel == SMS else (content.push_title, content.push)
    return (
        _template(title, is_html=False).render(facts),
        "",
        _template(text, is_html=False).render(facts),
    )


def template_facts(program: Program, household: Household, message: Speak, now: Moment) -> dict[str, Any]:
    """Give what a template may name; names without a value are absent."""
    scene = Scene(program, concerns_for(program), household)
    scene.now = max(now, household.taken_at)
    unit = household.account if is_account(message.unit_id) else household.customers[bare(message.unit_id)]
    unit = unit if unit is not None else scene.principal()
    seen = scene.facts(unit)
    person = household.customers[message.customer_id]
    workflow = program.of_version(message.workflow, message.version)
    sender = program.sender_of(workflow)
    metrics = sorted(program.catalog.metrics)
    fit = fit_plan(seen, program.catalog, seen.country)
    return {
        "customer": _known(person.profile.traits),
        "account": _known(household.account.profile.traits) if household.account is not None else {},
        "plan": _plan_facts(program, seen),
        "subscription": _subscription_facts(seen),
        "cart": _cart_facts(program, person),
        "usage": _known({metric: seen.usage(metric) for metric in metrics}),
        "limits": _known({metric: seen.limit(metric) for metric in metrics}),
        "over": _known({metric: _over(seen, metric) for metric in metrics}),
        "days_to_limit": _known({metric: _days_to_limit(seen, metric) for metric in metrics}),
        "fit": _fit_facts(program, fit),
        "plans": _plans_facts(program, seen, fit, message.terms),
        "proof": proof_told(scene.proof(unit), str),
        "offer": _offer_facts(program.catalog, message.terms),
        "sender": {
            "name": sender.name,
            "address": sender.address,
            "postal_address": sender.postal_address,
        },
        "workflow": {"name": workflow.name if workflow is not None else message.workflow},
        "trigger": _known(message.trigger),
    }


def _over(seen: UnitFacts, metric: str) -> float | None:
    used, limit = seen.usage(metric), seen.limit(metric)
    return None if used is None or limit is None else max(0.0, used - limit)


def _days_to_limit(seen: UnitFacts, metric: str) -> int | None:
    """Give the days until a limit is expected to be reached, to the nearest whole one."""
    days = seen.days_to_limit(metric)
    return None if days is None else round(days)


def _known(values: Mapping[str, Scalar]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _plan_facts(program: Program, seen: UnitFacts) -> dict[str, object]:
    plan = program.catalog.plans.get(str(seen.plan.get("id")))
    price = plan.price(BillingInterval.MONTH, seen.holdings.currency) if plan is not None else None
    return _known(seen.plan) | ({"price": str(price)} if price is not None else {})


def _subscription_facts(seen: UnitFacts) -> dict[str, object]:
    facts = _known(seen.subscription)
    for name in ("started_at", "renews_at", "ends_at"):
        at = facts.get(name)
        if isinstance(at, int):
            facts[name] = format_moment(at)
    for name in ("amount", "mrr"):
        amount = facts.get(name)
        if isinstance(amount, int):
            facts[name] = str(Money(amount, str(facts["currency"])))
    return facts


def _cart_facts(program: Program, person: Unit) -> dict[str, object]:
    """Give what lies in a person's cart, with the names of its items and what goes with them."""
    cart, catalog = person.profile.cart, program.catalog
    if cart is None:
        return {}
    facts = _known(cart_facts(cart, catalog))
    for name in ("updated_at", "checkout_started_at"):
        at = facts.get(name)
        if isinstance(at, int):
            facts[name] = format_moment(at)
    currency = cart.currency or program.currency
    for name in ("amount", "premium_difference"):
        amount = facts.get(name)
        if isinstance(amount, int):
            facts[name] = str(Money(amount, currency))
    for name in ("item", "premium", "warranty", "warranty_item"):
        item = catalog.items.get(str(facts.get(name)))
        if item is not None:
            facts[f"{name}_name"] = item.name
            if name in ("item", "premium"):
                facts[f"{name}_gain"] = item.difference
    return facts


def _plans_facts(
    program: Program, seen: UnitFacts, fit: Fit | None, terms: Terms | None
) -> list[dict[str, object]]:
    """Give the plans side by side; an amount that is not known is absent, and its text says so."""
    offered = terms.thing if terms is not None else None
    plans = line_up(seen, program.catalog, program.policy.lineup_order, fit, offered)
    facts = lineup_content(plans)
    for plan in facts:
        for stated in (*plan["prices"].values(), *plan["limits"].values()):
            if stated["amount"] is None:
                del stated["amount"]
    return facts


def _fit_facts(program: Program, fit: Fit | None) -> dict[str, object]:
    """Give what the plan that fits would cost and save; only what was observed, absent where it was not."""
    if fit is None:
        return {}
    plan = program.catalog.plans[fit.plan]
    facts: dict[str, object] = {
        "plan": plan.id,
        "name": plan.name,
        "is_staying": fit.is_staying,
        "price": str(fit.price),
        "periods": fit.periods or None,
        "periods_over": fit.periods_over if fit.periods else None,
        "saving": _gain(fit.saving),
        "would_have_saved": _gain(fit.would_have_saved),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _gain(money: Money | None) -> str | None:
    return str(money) if money is not None and money.amount > 0 else None


def _offer_facts(catalog: Catalog, terms: Terms | None) -> dict[str, object]:
    """Give what a letter may say of an offer: its words, and the terms it was reserved with."""
    offer = catalog.offers.get(terms.offer) if terms is not None else None
    if offer is None or terms is None:
        return {}
    plan = catalog.plans.get(terms.thing)
    facts: dict[str, object] = {
        "id": offer.id,
        "title": offer.title,
        "reason": offer.reason,
        "kind": offer.kind.value,
        "thing": terms.thing,
        "name": terms.name,
        "plan": terms.thing if plan is not None else None,
        "features": list(plan.features) if plan is not None else None,
        "discount": f"{100 * terms.discount_rate:.4g}%",
        "months": offer.months,
        "trial_days": offer.trial_days or None,
        "interval": terms.interval or None,
        "quantity": round(terms.quantity) if terms.quantity == round(terms.quantity) else terms.quantity,
        "guarantee": offer.guarantee or None,
        "downgrade": offer.downgrade or None,
        "expires_at": format_moment(terms.expires_at) if terms.expires_at is not None else None,
        "price": _money(terms.unit_price, terms),
        "total": _money(terms.price, terms),
        "full_price": _money(terms.full, terms),
        "saving": _money(terms.saving, terms),
        "outcome_price": _money(terms.outcome_price, terms),
        "outcome_per": terms.outcome_per or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _money(amount: int | None, terms: Terms) -> str | None:
    return None if amount is None else str(Money(amount, terms.currency))


@cache
def _environment(*, is_html: bool) -> liquid.Environment:
    environment = html_environment() if is_html else text_environment()
    environment.undefined = liquid.FalsyStrictUndefined
    # Declared for subclasses; set here because the environment is the workspace's own.
    environment.loop_iteration_limit = MOST_LOOPS  # type: ignore[misc]
    environment.output_stream_limit = LARGEST  # type: ignore[misc]
    return environment


@lru_cache(maxsize=512)
def _template(source: str, *, is_html: bool) -> liquid.BoundTemplate:
    return _environment(is_html=is_html).from_string(source)
