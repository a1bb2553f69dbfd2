"""Rendering: a template and the facts of a household become a letter.

For the dispatcher, at the moment of sending, and for previews. The laws: a name without a value is no empty
text, so a letter that would have a hole is not written, and the reason says which name it was; and a reader
is told everything in one language, with the money, dates and numbers of their locale.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any, Final

import liquid
import msgspec
from liquid.exceptions import LiquidError
from liquid.static_analysis import Variable

from upsell.catalog.plans import BillingInterval
from upsell.channels.channel import Letter
from upsell.channels.devices import Notification
from upsell.channels.footer import leaving_headers, with_footer
from upsell.channels.languages import ENGLISH, GERMAN, language_of
from upsell.channels.link_facts import UNSUBSCRIBE, LinkMint, link_facts
from upsell.channels.links import is_linkable
from upsell.channels.list_headers import list_headers
from upsell.channels.mime import is_address
from upsell.clock import Moment, format_moment, parse_moment
from upsell.decisions.addresses import address_on
from upsell.decisions.carts import cart_facts
from upsell.decisions.facts import UnitFacts
from upsell.decisions.fit import Fit, fit_plan
from upsell.decisions.hours import zone_of
from upsell.decisions.intents import PROMOTIONAL
from upsell.decisions.lineup import line_up, lineup_content
from upsell.decisions.proof_words import proof_told
from upsell.decisions.reach import ADDRESS_TRAITS, CHANNELS, EMAIL, PROMPT, PUSH, SMS
from upsell.errors import DeliveryError
from upsell.ids import bare, is_account
from upsell.journeys.advance import concerns_for
from upsell.journeys.effects import Speak, is_of_order
from upsell.journeys.household import Household, Unit
from upsell.journeys.program import Program, Sender
from upsell.journeys.scene import Scene
from upsell.journeys.workflow import Content
from upsell.money import Money
from upsell.rules.facts import Scalar
from upsell.workspace.liquid_closures import Closure
from upsell.workspace.liquid_environment import html_environment, text_environment
from upsell.workspace.locales import (
    Amount,
    Instant,
    Manner,
    Share,
    fallbacks,
    spoken,
    told_number,
    told_share,
)
from upsell.workspace.rulebook import ORDER_NAMES

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)")
STOP_LABELS: Final[Mapping[str, str]] = {ENGLISH: "Stop these", GERMAN: "Nicht mehr senden"}
"""What the button of a notification says that ends those like it."""

_SHORTEST: Final = len("2026-11-26T09:00Z")


class Told(msgspec.Struct, frozen=True):
    """A template in the reader's language, and how they are told things.

    Attributes:
        content: The template, in the locale that was chosen.
        manner: The locale of money, dates and numbers, and the reader's zone.
    """

    content: Content
    manner: Manner


def write_letter(
    program: Program,
    household: Household,
    message: Speak,
    now: Moment,
    mint: LinkMint | None = None,
    locale: str | None = None,
) -> Letter:
    """Render a message for the person it is addressed to; the household is not changed.

    Mail that promotes says where it comes from and how to leave, whatever its template says.

    Args:
        program: The program.
        household: The household, with the person addressed.
        message: The message.
        now: The present, with which the letter is dated.
        mint: What its links are made with; without it none is there.
        locale: The locale to take for theirs; None for what their traits say.

    Raises:
        DeliveryError: The message cannot be written, with the reason; trying again does not help.
    """
    told = choose_content(program, household, message, locale)
    address = _address(household, message)
    links = link_facts(message, mint)
    named = names_used(told.content, message.channel)
    facts = template_facts(program, household, message, now, told.manner, named)
    if "links" in named:
        facts["links"] = links
    subject, html, text = _rendered(told.content, message.channel, facts)
    workflow = program.of_version(message.workflow, message.version)
    sender = _sender_of(program, message)
    headers: tuple[tuple[str, str], ...] = ()
    if message.channel == EMAIL and workflow is not None:
        headers = list_headers(sender, workflow, message)
    notification = _notification(told, message, links, facts) if message.channel == PUSH else None
    if message.channel == EMAIL and message.intent in PROMOTIONAL and links:
        language = language_of({"locale": told.manner.locale})
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
        notification=notification,
    )


def _notification(
    told: Told, message: Speak, links: Mapping[str, str], facts: Mapping[str, object]
) -> Notification:
    """Give what else is shown of a push: where it leads, and how those that promote are ended."""
    link = render_text(told.content, told.content.push_link, facts).strip()
    if link and not is_linkable(link):
        msg = f"the template {told.content.name} leads to no web address: {link[:200]!r}"
        raise DeliveryError(msg, is_temporary=False)
    stop = links.get(UNSUBSCRIBE, "") if message.intent in PROMOTIONAL else ""
    label = STOP_LABELS[language_of({"locale": told.manner.locale})] if stop else ""
    return Notification(link, stop, label, told.manner.locale.replace("_", "-"))


def choose_content(program: Program, household: Household, message: Speak, locale: str | None = None) -> Told:
    """Choose the template in the language of whom a message is for: exact, the language, the workspace's.

    Args:
        program: The program.
        household: The household, with the person addressed.
        message: The message.
        locale: The locale to take for theirs; None for what their traits ``locale`` and ``language`` say.

    Raises:
        DeliveryError: The workflow of this version has no such template for the channel.
    """
    content = content_of(program, message)
    if content is None:
        msg = f"expected the template {message.content} of {message.workflow}, found none in its version"
        raise DeliveryError(msg, is_temporary=False)
    wanted, zone = _wanted(program, household, message, locale)
    for each in wanted:
        local = content if each == program.locale else content.locales.get(each)
        if local is not None and _parts(local, message.channel)[-1][0]:
            return Told(local, Manner(spoken(wanted[0], each), zone))
    return Told(content, Manner(spoken(wanted[0], program.locale), zone))


def content_of(program: Program, message: Speak) -> Content | None:
    """Give the template of a message, in the workspace's own locale; None where its version has none."""
    if is_of_order(message):
        return program.own_mails.get(message.content)
    workflow = program.of_version(message.workflow, message.version)
    return workflow.contents.get(message.content) if workflow is not None else None


def _sender_of(program: Program, message: Speak) -> Sender:
    """Give who a message comes from: about an order, whoever the workflow that made the offer speaks for."""
    if is_of_order(message):
        return program.sender_of(program.workflows.get(str(message.trigger.get("workflow") or "")))
    return program.sender_of(program.of_version(message.workflow, message.version))


def _wanted(
    program: Program, household: Household, message: Speak, locale: str | None
) -> tuple[tuple[str, ...], str]:
    """Give the locales in which somebody would read, the best first, and their zone."""
    person = household.customers.get(message.customer_id)
    traits = person.profile.traits if person is not None else {}
    said = (traits.get("locale"), traits.get("language")) if locale is None else (locale,)
    zone = zone_of(traits, _account_traits(household), program.zone)
    return fallbacks(said, program.locale), zone


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


def _parts(content: Content, channel: str) -> tuple[tuple[str, bool], ...]:
    """Give what is rendered for a channel: Liquid, and whether it is HTML; the last is there if any is."""
    if channel == EMAIL:
        return (content.subject, False), (content.text, False), (content.html, True)
    if channel == SMS:
        return ((content.sms, False),)
    if channel == PROMPT:
        sources = content.prompt.sources if content.prompt is not None else ("",)
        return tuple((source, False) for source in sources)
    link = ((content.push_link, False),) if content.push_link else ()
    return (content.push_title, False), *link, (content.push, False)


def names_used(content: Content, channel: str) -> frozenset[str]:
    """Give the first names of what a template says on a channel."""
    return _names_used(_parts(content, channel))


@lru_cache(maxsize=512)
def _names_used(parts: tuple[tuple[str, bool], ...]) -> frozenset[str]:
    """Give the first names of what a template says on a channel."""
    return frozenset().union(*(_names(source, is_html=is_html) for source, is_html in parts))


def _rendered(content: Content, channel: str, facts: Mapping[str, object]) -> tuple[str, str, str]:
    """Render subject or title, HTML and text of a template for a channel."""
    said = [
        render_text(content, source, facts, is_html=is_html) for source, is_html in _parts(content, channel)
    ]
    if channel == EMAIL:
        subject, text, html = said
        # What stood at the head of a text and was not said leaves its line ends.
        return subject, html, text.lstrip("\n")
    return ("", "", said[0]) if channel == SMS else (said[0], "", said[-1])


def render_text(content: Content, source: str, facts: Mapping[str, object], *, is_html: bool = False) -> str:
    """Render one text of a template.

    Raises:
        DeliveryError: It cannot be rendered, with the reason.
    """
    try:
        return _closure(source, is_html=is_html).render(facts)
    except LiquidError as error:
        reason = str(error.message)
    except (ValueError, ArithmeticError, LookupError, TypeError, RecursionError) as error:
        # What a template reckons with comes from traits, which may be anything.
        reason = f"{type(error).__name__}: {error}"
    msg = f"the template {content.name} cannot be rendered: {reason}"
    raise DeliveryError(msg, is_temporary=False)


def traits_named(program: Program, scope: str) -> frozenset[str]:
    """Give the traits of ``customer`` or ``account`` that any template of a program names."""
    contents = [
        each
        for workflow in program.workflows.values()
        for content in workflow.contents.values()
        for each in (content, *content.locales.values())
    ]
    return frozenset(
        str(variable.segments[1])
        for content in contents
        for channel in (*CHANNELS, PROMPT)
        for source, is_html in _parts(content, channel)
        for variable in _uses(source, scope, is_html=is_html)
        if len(variable.segments) > 1
    )


def _uses(source: str, scope: str, *, is_html: bool) -> list[Variable]:
    analysis = _template(source, is_html=is_html).analyze(include_partials=False)
    return analysis.globals.get(scope, [])


def template_facts(
    program: Program,
    household: Household,
    message: Speak,
    now: Moment,
    manner: Manner | None = None,
    names: frozenset[str] | None = None,
) -> dict[str, Any]:
    """Give what a template may name; names without a value are absent.

    Templates see ``customer`` and ``account`` (traits), ``plan``, ``subscription``, ``cart``, ``usage``,
    ``limits``, ``over`` and ``days_to_limit`` (by metric), ``fit``, ``proof``, ``plans`` (a list), ``offer``,
    ``order``, ``sender``, ``workflow``, ``trigger``, ``links`` and ``locale``. Money, moments and numbers
    print as the reader's locale writes them.

    Args:
        program: The program.
        household: The household, with the person addressed.
        message: The message.
        now: The present.
        manner: How they are told things; None for what their traits say, whatever the template's language.
        names: The first names that are asked for, for the others cost time; None for all.
    """
    if manner is None:
        wanted, zone = _wanted(program, household, message, None)
        manner = Manner(wanted[0], zone)
    scene = Scene(program, concerns_for(program), household)
    scene.now = max(now, household.taken_at)
    unit = household.account if is_account(message.unit_id) else household.customers[bare(message.unit_id)]
    unit = unit if unit is not None else scene.principal()
    sources = _Sources(program, household, message, scene, unit, manner)
    return {name: make(sources) for name, make in _FACTS.items() if names is None or name in names}


class _Sources:
    """What facts are made of; what several need is made once, and only when one is asked for."""

    def __init__(
        self,
        program: Program,
        household: Household,
        message: Speak,
        scene: Scene,
        unit: Unit,
        manner: Manner,
    ) -> None:
        self.program = program
        self.household = household
        self.message = message
        self.scene = scene
        self.unit = unit
        self.manner = manner
        self.person = household.customers[message.customer_id]

    @cached_property
    def seen(self) -> UnitFacts:
        """What rules see of the unit."""
        return self.scene.facts(self.unit)

    @cached_property
    def fit(self) -> Fit | None:
        """The plan that fits."""
        return fit_plan(self.seen, self.program.catalog, self.seen.country)

    def by_metric(self, ask: Callable[[UnitFacts, str], float | None]) -> dict[str, object]:
        """Give a number for each metric that has one."""
        metrics = sorted(self.program.catalog.metrics)
        return self.told(_known({metric: ask(self.seen, metric) for metric in metrics}))

    def told(self, said: Mapping[str, object]) -> dict[str, object]:
        """Give values that print in the reader's locale: numbers, and moments in ISO 8601."""
        return {name: self.told_value(value) for name, value in said.items()}

    def told_value(self, said: object) -> object:
        """Give a value, and those within it, that prints in the reader's locale."""
        if isinstance(said, dict):
            return self.told(said)
        if isinstance(said, list):
            return [self.told_value(value) for value in said]
        if isinstance(said, int | float) and not isinstance(said, bool | Share):
            return told_number(said, self.manner)
        return self.told_moment(said)

    def told_moment(self, said: object) -> object:
        """Give a moment that prints in the reader's locale, and anything else as it is."""
        # Its length and its T decide for nearly all texts that they are none.
        if not isinstance(said, str) or len(said) < _SHORTEST or said[10] != "T" or not _ISO.fullmatch(said):
            return said
        at = parse_moment(said)
        return said if at is None else Instant(at, self.manner)

    def money(self, money: Money) -> Amount:
        """Give an amount that prints in the reader's locale."""
        return Amount(money, self.manner)


def _traits(sources: _Sources, traits: Mapping[str, Scalar]) -> dict[str, object]:
    # Numbers are left as they came: one that is an id or a postal code has no thousands.
    return {name: sources.told_moment(value) for name, value in traits.items() if value is not None}


def _account_traits(household: Household) -> Mapping[str, Scalar]:
    return household.account.profile.traits if household.account is not None else {}


def _sender_facts(sources: _Sources) -> dict[str, object]:
    message = sources.message
    sender = _sender_of(sources.program, message)
    return {"name": sender.name, "address": sender.address, "postal_address": sender.postal_address}


def _workflow_facts(sources: _Sources) -> dict[str, object]:
    message = sources.message
    workflow = sources.program.of_version(message.workflow, message.version)
    return {"name": workflow.name if workflow is not None else message.workflow}


def _over(seen: UnitFacts, metric: str) -> float | None:
    used, limit = seen.usage(metric), seen.limit(metric)
    return None if used is None or limit is None else max(0.0, used - limit)


def _days_to_limit(seen: UnitFacts, metric: str) -> int | None:
    """Give the days until a limit is expected to be reached, to the nearest whole one."""
    days = seen.days_to_limit(metric)
    return None if days is None else round(days)


def _known(values: Mapping[str, Scalar]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _plan_facts(sources: _Sources) -> dict[str, object]:
    seen = sources.seen
    plan = sources.program.catalog.plans.get(str(seen.plan.get("id")))
    price = plan.price(BillingInterval.MONTH, seen.holdings.currency) if plan is not None else None
    priced = {"price": sources.money(price)} if price is not None else {}
    return sources.told(_known(seen.plan)) | priced


def _subscription_facts(sources: _Sources) -> dict[str, object]:
    facts = _known(sources.seen.subscription)
    _tell_moments(facts, "started_at", "renews_at", "ends_at")
    _tell_money(facts, str(facts.get("currency")), sources, "amount", "mrr")
    return sources.told(facts)


def _cart_facts(sources: _Sources) -> dict[str, object]:
    """Give what lies in a person's cart, with the names of its items and what goes with them."""
    cart, catalog = sources.person.profile.cart, sources.program.catalog
    if cart is None:
        return {}
    facts = _known(cart_facts(cart, catalog))
    _tell_moments(facts, "updated_at", "checkout_started_at")
    _tell_money(
        facts,
        cart.currency or sources.program.currency,
        sources,
        "amount",
        "premium_difference",
        "bundle_saving",
    )
    for name in ("item", "premium", "warranty", "warranty_item", "bundle"):
        item = catalog.items.get(str(facts.get(name)))
        if item is not None:
            facts[f"{name}_name"] = item.name
            if name in ("item", "premium"):
                facts[f"{name}_gain"] = item.difference
    return sources.told(facts)


def _tell_moments(facts: dict[str, object], *names: str) -> None:
    for name in names:
        at = facts.get(name)
        if isinstance(at, int):
            facts[name] = format_moment(at)


def _tell_money(facts: dict[str, object], currency: str, sources: _Sources, *names: str) -> None:
    for name in names:
        amount = facts.get(name)
        if isinstance(amount, int):
            facts[name] = sources.money(Money(amount, currency))


def _plans_facts(sources: _Sources) -> list[dict[str, object]]:
    """Give the plans side by side; an amount that is not known is absent, and its text says so."""
    program, terms = sources.program, sources.message.terms
    offered = terms.thing if terms is not None else None
    plans = line_up(sources.seen, program.catalog, program.policy.lineup_order, sources.fit, offered)
    facts = lineup_content(plans)
    for plan in facts:
        for stated in (*plan["prices"].values(), *plan["limits"].values()):
            if stated["amount"] is None:
                del stated["amount"]
        for price in plan["prices"].values():
            if "amount" in price:
                price["text"] = sources.money(Money(price["amount"], plan["currency"]))
        for limit in plan["limits"].values():
            limit["text"] = limit.get("amount", limit["text"])
    return [sources.told(plan) for plan in facts]


def _fit_facts(sources: _Sources) -> dict[str, object]:
    """Give what the plan that fits would cost and save; only what was observed, absent where it was not."""
    fit = sources.fit
    if fit is None:
        return {}
    plan = sources.program.catalog.plans[fit.plan]
    facts: dict[str, object] = {
        "plan": plan.id,
        "name": plan.name,
        "is_staying": fit.is_staying,
        "price": sources.money(fit.price),
        "periods": fit.periods or None,
        "periods_over": fit.periods_over if fit.periods else None,
        "saving": _gain(sources, fit.saving),
        "would_have_saved": _gain(sources, fit.would_have_saved),
    }
    return sources.told({name: value for name, value in facts.items() if value is not None})


def _gain(sources: _Sources, money: Money | None) -> Amount | None:
    return sources.money(money) if money is not None and money.amount > 0 else None


def _offer_facts(sources: _Sources) -> dict[str, object]:
    """Give what a letter may say of an offer: its words, and the terms it was reserved with."""
    catalog, terms = sources.program.catalog, sources.message.terms
    offer = catalog.offers.get(terms.offer) if terms is not None else None
    if offer is None or terms is None:
        return {}
    offer = offer.said_in(language_of({"locale": sources.manner.locale}))
    plan = catalog.plans.get(terms.thing)
    amounts = {
        "price": terms.unit_price,
        "total": terms.price,
        "full_price": terms.full,
        "saving": terms.saving,
        "outcome_price": terms.outcome_price,
    }
    facts: dict[str, object] = {
        "id": offer.id,
        "title": offer.title,
        "reason": offer.reason,
        "kind": offer.kind.value,
        "thing": terms.thing,
        "name": terms.name,
        "plan": terms.thing if plan is not None else None,
        "features": list(plan.features) if plan is not None else None,
        "discount": told_share(terms.discount_rate, sources.manner),
        "months": offer.months,
        "trial_days": offer.trial_days or None,
        "interval": terms.interval or None,
        "quantity": round(terms.quantity) if terms.quantity == round(terms.quantity) else terms.quantity,
        "guarantee": offer.guarantee or None,
        "downgrade": offer.downgrade or None,
        "expires_at": format_moment(terms.expires_at) if terms.expires_at is not None else None,
        "outcome_per": terms.outcome_per or None,
        **{
            name: None if amount is None else sources.money(Money(amount, terms.currency))
            for name, amount in amounts.items()
        },
    }
    return sources.told({name: value for name, value in facts.items() if value is not None})


_OF_MONEY: Final = frozenset({"price", "full_price", "total", "paid", "refunded", "credited"})


def _order_facts(sources: _Sources) -> dict[str, object]:
    """Give what a mail about an order says of it; nothing in any other message."""
    message = sources.message
    if not is_of_order(message):
        return {}
    said: dict[str, object] = {}
    for name in ORDER_NAMES:
        value = message.trigger.get(name)
        if value is None or value == "":
            continue
        is_money = name in _OF_MONEY and isinstance(value, int)
        said[name] = (
            sources.money(Money(value, str(message.trigger["currency"])))
            if is_money and isinstance(value, int)
            else value
        )
    return sources.told(said)


_FACTS: Final[Mapping[str, Callable[[_Sources], Any]]] = {
    "customer": lambda sources: _traits(sources, sources.person.profile.traits),
    "account": lambda sources: _traits(sources, _account_traits(sources.household)),
    "plan": _plan_facts,
    "subscription": _subscription_facts,
    "cart": _cart_facts,
    "usage": lambda sources: sources.by_metric(UnitFacts.usage),
    "limits": lambda sources: sources.by_metric(UnitFacts.limit),
    "over": lambda sources: sources.by_metric(_over),
    "days_to_limit": lambda sources: sources.by_metric(_days_to_limit),
    "fit": _fit_facts,
    "plans": _plans_facts,
    "proof": lambda sources: sources.told(proof_told(sources.scene.proof(sources.unit), sources.money)),
    "offer": _offer_facts,
    "order": _order_facts,
    "sender": _sender_facts,
    "workflow": _workflow_facts,
    "trigger": lambda sources: sources.told(_known(sources.message.trigger)),
    # Whoever writes the letter puts them in: they are made with a secret.
    "links": lambda _: {},
    "locale": lambda sources: sources.manner,
}
"""What makes each fact, by the name templates use."""

_ALWAYS: Final = frozenset({"locale"})
"""What filters ask for, whether a template names it or not."""


@lru_cache(maxsize=1024)
def _template(source: str, *, is_html: bool) -> liquid.BoundTemplate:
    return (html_environment() if is_html else text_environment()).from_string(source)


@lru_cache(maxsize=1024)
def _closure(source: str, *, is_html: bool) -> Closure:
    return Closure(_template(source, is_html=is_html))


@lru_cache(maxsize=1024)
def _names(source: str, *, is_html: bool) -> frozenset[str]:
    return _ALWAYS.union(_template(source, is_html=is_html).analyze(include_partials=False).globals)
