"""The table of every file and key of a workspace.

The reader, the JSON Schemas and the reference page are all made from what is written here.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.catalog.offers import OfferKind
from upsell.catalog.plans import BillingInterval, ProductKind
from upsell.decisions.grounds import Basis
from upsell.decisions.hours import Calendar
from upsell.decisions.lineup import LineupOrder
from upsell.decisions.policy import Per
from upsell.decisions.queues import OWNER_TRAIT, Give
from upsell.decisions.rails import PROTECTED
from upsell.decisions.reach import CAPPED, CHANNELS
from upsell.journeys.program import LaunchApproval
from upsell.journeys.workflow import UnitKind
from upsell.workspace import scalars
from upsell.workspace.codes.page import Subject
from upsell.workspace.guardrails import GLOBAL_GUARDRAILS_SHAPE
from upsell.workspace.prompt_texts import PROMPT_SHAPE
from upsell.workspace.shapes import Either, Key, Keyed, ListOf, MapOf, RecordOf
from upsell.workspace.workflow_file import INTENT, OBJECTIONS, WORKFLOW_SHAPE, waivers_of


class FileKind(enum.Enum):
    """The kinds of YAML files in a workspace."""

    SETTINGS = "upsell"
    CATALOG = "catalog"
    SIGNALS = "signals"
    CONTACT_HOURS = "contact_hours"
    SEGMENTS = "segments"
    QUEUES = "queues"
    PROMPT = "prompt"
    WORKFLOW = "workflow"


OWN = Give.ACCOUNT_OWNER
"""The way to give tasks that may have to give way to another."""


class File(msgspec.Struct, frozen=True):
    """One kind of file: its path, what it is for, and its shape."""

    path: str
    meaning: str
    shape: Keyed


_RULES = ListOf(scalars.RULE)
_TRAITS = MapOf(
    scalars.one_of("kind of trait", "text", "number", "boolean", "moment"), "trait", scalars.TRAIT_NAME
)

_CAP = RecordOf(
    {
        "at_most": Key(scalars.COUNT, "how many messages there may be", True),
        "per": Key(
            scalars.of_enum("whose messages count", Per),
            "to whom together: one person, or all people of one account (default person)",
        ),
        "within": Key(scalars.DURATION, "length of the rolling window; this or calendar"),
        "calendar": Key(
            scalars.of_enum("calendar window", Calendar),
            "the window is the day, week (from Monday) or month in the recipient's zone",
        ),
        "intents": Key(
            ListOf(INTENT, least=1), "intents that count and obey; without it help, show and offer"
        ),
        "channels": Key(
            ListOf(scalars.one_of("channel", *CAPPED), least=1),
            "channels that count and obey, prompt and task among them; without it all",
        ),
        "workflows": Key(
            ListOf(scalars.NAME, least=1), "workflows whose messages count and obey; without it all"
        ),
        "categories": Key(
            ListOf(scalars.NAME, least=1), "categories of workflows that count and obey; without it all"
        ),
        "kinds": Key(
            ListOf(scalars.of_enum("kind of offer", OfferKind), least=1),
            "kinds of offers that count and obey; without it all messages",
        ),
    }
)

_STATE = Either(
    scalar=scalars.one_of("off", "off"),
    mapping=RecordOf(
        {
            "starts": Key(
                ListOf(scalars.EVENT, least=1), "events that start the state; a new state needs these or when"
            ),
            "ends": Key(ListOf(scalars.EVENT), "events that end it; without any it ends at once"),
            "cool_down": Key(scalars.COOL_DOWN, "how long after its end the intents still stay silent"),
            "stops": Key(ListOf(INTENT, least=1), "intents that stay silent; for a new state show and offer"),
            "key": Key(scalars.TEXT, "property that tells several apart, such as ticket_id"),
            "where": Key(
                scalars.RULE,
                "what a starting event must say, such as properties.severity = 'urgent'; without it anything",
            ),
            "when": Key(scalars.RULE, "rule that holds the state open as long as it is true"),
        }
    ),
)

_OPEN_OR_CLOSED = scalars.one_of("holidays", "open", "closed")

_HOURS = RecordOf(
    {
        "from": Key(scalars.TIME, "from what time of day on; without it from midnight"),
        "to": Key(
            scalars.TIME,
            "until what time of day; not after from lasts over midnight; without it to midnight",
        ),
        "days": Key(
            ListOf(scalars.one_of("day of the week", *scalars.WEEKDAYS), least=1),
            "days of the week; without it all",
        ),
        "closed_on": Key(ListOf(scalars.DATE), "dates on which nothing is sent"),
        "holidays": Key(
            _OPEN_OR_CLOSED,
            "whether public holidays where the recipient is are closed: those of their trait country, else "
            "their account's, else of the country of the clock, and of state or region where told (default "
            "open)",
        ),
        "law": Key(
            Either(
                scalar=scalars.BOOLEAN,
                mapping=RecordOf(
                    {"off_because": Key(scalars.TEXT, "why the law need not be obeyed by this channel", True)}
                ),
            ),
            "whether the legal contact hours of every place the recipient may be in are obeyed besides "
            "(default true for sms, which is turned off with a reason only; false for other channels)",
        ),
    }
)

_GROUNDS = RecordOf(
    {
        "bases": Key(
            ListOf(
                scalars.one_of(
                    "ground",
                    Basis.CONSENT.value,
                    Basis.PROVEN_CONSENT.value,
                    Basis.SOFT_OPT_IN.value,
                    Basis.LEGITIMATE_INTEREST.value,
                ),
                least=1,
            ),
            "the grounds that will do: consent was given, or given and kept with how and under which words; "
            "something of the same family was sold for money; or interest is true",
            True,
        ),
        "interest": Key(scalars.RULE, "when the team's legitimate interest holds; without it always"),
    }
)

_PRICING = RecordOf(
    {
        "max_discount": Key(scalars.RATE, "the deepest discount, rounding included (default 100%)"),
        "min_margin": Key(
            scalars.RATE, "the least share of a discounted price that must remain above its cost, where known"
        ),
        "rest": Key(
            scalars.DURATION,
            "how long after a discount was shown to a customer, or to anybody of their account, none of them "
            "is shown another, so nobody learns to wait",
        ),
        "budget_per_unit": Key(
            scalars.AMOUNT,
            "how much discount an account with all its people, or a customer without, may be shown within "
            "budget_within",
        ),
        "budget_within": Key(scalars.DURATION, "length of that window (default 365 days)"),
        "ladder": Key(
            scalars.BOOLEAN,
            "whether a journey must speak without a discount before giving one (default false)",
        ),
        "round_to": Key(
            scalars.AMOUNT,
            "discounted prices are rounded down to whole multiples of this, in any currency alike, where "
            "that takes off no more than max_discount (default exact)",
        ),
        "order": Key(
            scalars.of_enum("order of plans", LineupOrder),
            "how plans stand side by side: from the smallest, from the greatest, or the one that fits first "
            "(default ascending)",
        ),
        "protected": Key(
            ListOf(scalars.TRAIT_NAME),
            "traits that no price may hang on; without it " + ", ".join(sorted(PROTECTED)),
        ),
    }
)

_POLICY = RecordOf(
    {
        "caps": Key(ListOf(_CAP), "frequency caps per person and per account; all must hold"),
        "gap": Key(
            scalars.DURATION, "least time between two messages to one person that show or offer something"
        ),
        "hours": Key(
            RecordOf({channel: Key(_HOURS, f"when {channel} may be sent") for channel in CHANNELS}),
            "when each channel may speak, by the recipient's own clock: their trait timezone, else their "
            "account's, else the team's zone; where the law is obeyed, by the clock of every place they may "
            "be in",
        ),
        "consent": Key(
            RecordOf({channel: Key(_GROUNDS, f"for {channel}") for channel in CHANNELS}),
            "grounds on which promotion may be sent, by channel; without it to whoever has not withdrawn",
        ),
        "declines": Key(
            RecordOf({"not_now": Key(scalars.DURATION, "how long a not now rests (default 30 days)")}),
            "how long what was declined rests; never is never",
        ),
        "suppress": Key(_RULES, "rules that silence show and offer when true"),
        "states": Key(
            MapOf(_STATE, "sensitive state", scalars.SIGNAL_NAME),
            "sensitive states: a built-in one changed or turned off, or a new one",
        ),
        "patience": Key(
            scalars.DURATION, "how long a blocked candidate waits while its trigger is true (default 14 days)"
        ),
        "freeze_for": Key(
            scalars.DURATION, "how long a frozen enrollment waits before it leaves (default 14 days)"
        ),
        "guardrails": Key(
            GLOBAL_GUARDRAILS_SHAPE,
            "limits on the cost in trust of every workflow that does not write its own; off watches none",
        ),
        "pricing": Key(_PRICING, "price guardrails, which hold for every discount, and how plans are shown"),
        "global_control": Key(
            Either(
                scalar=scalars.HELD_RATE,
                mapping=RecordOf(
                    {
                        "share": Key(scalars.HELD_RATE, "share of households", True),
                        "period": Key(
                            scalars.PERIOD,
                            "how often it is drawn anew: month, quarter or year (in UTC), or a duration "
                            "counted since 1970; without it never",
                        ),
                        "wash_out": Key(
                            scalars.DURATION,
                            "for how long after a period began whoever changed sides is not counted",
                        ),
                    }
                ),
            ),
            "share of households kept from every workflow (default 0%), drawn once or anew by period",
        ),
    }
)

_SENDER = RecordOf(
    {
        "name": Key(scalars.TEXT, "who mail comes from", True),
        "address": Key(scalars.EMAIL, "the address mail comes from", True),
        "postal_address": Key(
            scalars.TEXT, "the postal address that the law asks for in commercial mail", True
        ),
        "reply_to": Key(scalars.EMAIL, "the address answers go to (default address)"),
        "list_domain": Key(
            scalars.DOMAIN, "the domain under which List-Id names its mail (default that of address)"
        ),
        "website": Key(scalars.URL, "the sender's site, where a link leads on to that has expired"),
    }
)

_LINKS = RecordOf(
    {
        "clicks": Key(
            scalars.BOOLEAN,
            "whether links in mail lead over this server, which tells of clicks (default true)",
        ),
        "opens": Key(scalars.BOOLEAN, "whether mails carry a picture that tells of opening (default false)"),
        "traps": Key(
            scalars.BOOLEAN,
            "whether mails carry a link that no person can see, so that what follows it is known for a "
            "machine (default false)",
        ),
        "for": Key(scalars.DURATION, "how long after sending links lead anywhere (default 90 days)"),
    }
)

_COSTS = RecordOf(
    {
        "messages": Key(
            RecordOf({channel: Key(scalars.QUANTITY, f"of one by {channel}") for channel in CHANNELS}),
            "price of a message in minor units of the currency, such as 0.04, to a millionth (default 0)",
        ),
        "task_minute": Key(
            scalars.QUANTITY,
            "price of a minute of a person's work in minor units of the currency (default 0)",
        ),
        "minutes_per_task": Key(
            scalars.COUNT, "how many minutes a task takes that tells none when it is closed (default 15)"
        ),
    }
)

_LIFECYCLE = RecordOf(
    {
        "engagement": Key(
            ListOf(scalars.EVENT, least=1),
            "events that are use of the product; without it Usage Recorded, Feature Used, Page Viewed, "
            "Screen Viewed",
        ),
        "window": Key(scalars.DURATION, "window in which they are counted (default 28 days)"),
        "least": Key(
            scalars.POSITIVE, "how many the window before must hold for a trend to be known (default 20)"
        ),
        "growing": Key(scalars.THRESHOLD, "trend from which on engagement grows (default 1.25)"),
        "falling": Key(scalars.THRESHOLD, "trend up to which it falls (default 0.5)"),
        "onboarding": Key(scalars.DURATION, "how long somebody is new (default 14 days)"),
        "renewal": Key(
            scalars.DURATION, "how long before its date a yearly renewal is near (default 30 days)"
        ),
    }
)

SETTINGS_SHAPE = RecordOf(
    {
        "name": Key(scalars.TEXT, "what the team calls the workspace"),
        "currency": Key(scalars.CURRENCY, "currency of prices and reports", True),
        "zone": Key(scalars.ZONE, "the team's time zone", True),
        "locale": Key(
            scalars.LOCALE, "locale in which templates are written whose files name none (default en)"
        ),
        "sender": Key(_SENDER, "who mail comes from", True),
        "senders": Key(
            MapOf(_SENDER, "sender", scalars.NAME),
            "further senders, such as brands, that a workflow names with its key sender",
        ),
        "roles": Key(
            ListOf(scalars.NAME, least=1),
            "roles a customer can have in an account; without it admin, billing, champion, member and owner",
        ),
        "traits": Key(
            RecordOf(
                {
                    "customer": Key(_TRAITS, "traits of customers; once declared, rules may name no others"),
                    "account": Key(_TRAITS, "traits of accounts; once declared, rules may name no others"),
                }
            ),
            "kinds of traits, so that rules naming them are checked",
        ),
        "policy": Key(_POLICY, "what holds over every workflow"),
        "layers": Key(
            MapOf(MapOf(scalars.RATE, "workflow", scalars.NAME, least=1), "layer", scalars.NAME),
            "workflows that share their units out among themselves: the share of each, by layer; what is "
            "free belongs to none",
        ),
        "accepting": Key(
            RecordOf(
                {
                    "roles": Key(
                        ListOf(scalars.NAME, least=1),
                        "roles that may accept an offer for an account; without it admin, billing and owner",
                    ),
                    "approval_above": Key(
                        MapOf(scalars.AMOUNT, "currency", scalars.CURRENCY, least=1),
                        "what an offer may come to over twelve months before it waits for approval, by "
                        "currency; with it, an offer in another currency or without a known price waits too",
                    ),
                    "approvers": Key(
                        ListOf(scalars.TEXT, least=1),
                        "who may approve, by the names they give; without it anybody of the team",
                    ),
                    "approval_within": Key(
                        scalars.DURATION, "how long an approver has before it lapses (default 7 days)"
                    ),
                }
            ),
            "who may accept offers, and which need somebody's approval",
        ),
        "going_live": Key(
            RecordOf(
                {
                    "approval": Key(
                        scalars.of_enum("approval", LaunchApproval),
                        "whose approval a change needs before it is launched: another_person, or none for a "
                        "team of one (default another_person)",
                    )
                }
            ),
            "how changes go live; what holds for a change is what is live when it is launched",
        ),
        "links": Key(_LINKS, "what becomes of links in mail"),
        "costs": Key(_COSTS, "what messages and people's time cost, for the margin that reports tell"),
        "lifecycle": Key(_LIFECYCLE, "boundaries of the built-in stages and trends"),
        "reports": Key(
            RecordOf(
                {
                    "weekly": Key(
                        scalars.WEEKLY,
                        "when owners are mailed what their workflows did, in the team's zone",
                    ),
                    "proposals": Key(
                        ListOf(scalars.TEXT),
                        "experiments that were proposed, a sentence each, for the backlog of upsell review",
                    ),
                }
            ),
            "what the team is told by itself",
        ),
    }
)

_MONEY = Either(scalar=scalars.AMOUNT, mapping=MapOf(scalars.AMOUNT, "currency", scalars.CURRENCY, least=1))
_REGIONS = ListOf(scalars.COUNTRY, least=1)
_LIMITS = MapOf(scalars.LIMIT, "metric", scalars.ID)

_PRICE_ID = Either(
    scalar=scalars.STRIPE_PRICE,
    mapping=MapOf(scalars.STRIPE_PRICE, "currency", scalars.CURRENCY, least=1),
)

_PRICE = RecordOf(
    {
        "month": Key(_MONEY, "what is due per month for one unit of quantity"),
        "year": Key(_MONEY, "what is due per year for one unit of quantity"),
    }
)

_PLAN = RecordOf(
    {
        "name": Key(scalars.TEXT, "what customers call it", True),
        "tier": Key(scalars.COUNT, "its rank in its family; a higher tier is a bigger plan, 0 is free", True),
        "price": Key(
            _PRICE,
            "what is due, in whole units of the currency, or by currency; absent is unknown",
        ),
        "limits": Key(
            _LIMITS,
            "how much of each metric a usage period includes, or unlimited; absent is unknown",
        ),
        "overage": Key(
            MapOf(scalars.AMOUNT, "metric", scalars.ID),
            "what one of a metric costs beyond its limit, also less than a cent, such as 0.002",
        ),
        "features": Key(ListOf(scalars.TEXT), "what the plan includes, by name"),
        "cost": Key(scalars.AMOUNT, "what serving one unit of quantity costs per month"),
        "family": Key(
            scalars.NAME, "the product it is a plan of; plans of one family are compared (default one family)"
        ),
        "regions": Key(_REGIONS, "countries it is sold in; without it everywhere"),
        "for_sale": Key(scalars.BOOLEAN, "whether anybody may still move to it (default true)"),
        "leads_to": Key(
            ListOf(scalars.ID),
            "plans of its family that one may move to from it, [] for none; without it all",
        ),
        "stripe": Key(
            RecordOf(
                {
                    "month": Key(_PRICE_ID, "id of the monthly price, or ids by currency"),
                    "year": Key(_PRICE_ID, "id of the yearly price, or ids by currency"),
                }
            ),
            "what its prices are at Stripe; what has no id there is set up by the team",
        ),
    }
)

_PRODUCT = RecordOf(
    {
        "kind": Key(scalars.of_enum("kind of product", ProductKind), "what it is", True),
        "name": Key(scalars.TEXT, "what customers call it", True),
        "price": Key(
            RecordOf(
                {
                    "month": Key(_MONEY, "what is due per month"),
                    "year": Key(_MONEY, "what is due per year"),
                    "once": Key(_MONEY, "what is due once"),
                }
            ),
            "what is due; absent is unknown",
        ),
        "limits": Key(
            MapOf(scalars.QUANTITY, "metric", scalars.ID),
            "how much of each metric it adds: per usage period, or once for a pack",
        ),
        "features": Key(ListOf(scalars.TEXT), "features it adds, by name"),
        "contains": Key(ListOf(scalars.ID, least=1), "add-ons and plans that a bundle holds"),
        "plans": Key(ListOf(scalars.ID, least=1), "plans it can be added to; without it all"),
        "cost": Key(scalars.AMOUNT, "what serving it costs per month, or once for what is paid once"),
        "regions": Key(_REGIONS, "countries it is sold in; without it everywhere"),
        "for_sale": Key(scalars.BOOLEAN, "whether anybody may still buy it (default true)"),
        "family": Key(scalars.NAME, "the product family it belongs to, for consent (default the main one)"),
        "stripe": Key(
            RecordOf(
                {
                    "month": Key(_PRICE_ID, "id of the monthly price, or ids by currency"),
                    "year": Key(_PRICE_ID, "id of the yearly price, or ids by currency"),
                    "once": Key(_PRICE_ID, "id of the price that is due once, or ids by currency"),
                }
            ),
            "what its prices are at Stripe; what has no id there is set up by the team",
        ),
    }
)

_OFFER = RecordOf(
    {
        "kind": Key(
            scalars.of_enum("kind of offer", OfferKind),
            "what is asked for; rules, caps and reports keep the kinds apart",
            True,
        ),
        "plan": Key(scalars.ID, "the plan proposed, or fitting for the cheapest that covers expected use"),
        "product": Key(scalars.ID, "the add-on, bundle, pack or service proposed"),
        "seats": Key(scalars.POSITIVE, "so many more seats on the present plan"),
        "feature": Key(scalars.TEXT, "a feature to try; needs trial_days"),
        "item": Key(
            scalars.ID,
            "an item, premium for the better one of what is in the cart, warranty for the warranty of it, or "
            "bundle for the bundle that covers some of it",
        ),
        "interval": Key(
            scalars.of_enum("interval", BillingInterval),
            "how often it is paid: of the plan proposed, or alone of the present plan, such as year",
        ),
        "title": Key(scalars.TEXT, "what the offer is called to the customer", True),
        "reason": Key(scalars.TEXT, "why they would accept, in one sentence"),
        "discount": Key(
            Either(
                scalar=scalars.RATE,
                mapping=RecordOf(
                    {
                        "of": Key(
                            scalars.RULE,
                            "the number it hangs on, such as customer.lifetime_value; unknown gives nothing",
                            True,
                        ),
                        "steps": Key(
                            ListOf(
                                RecordOf(
                                    {
                                        "from": Key(
                                            scalars.THRESHOLD, "from which value on, in ascending order", True
                                        ),
                                        "off": Key(scalars.RATE, "share of the price taken off then", True),
                                    }
                                ),
                                least=1,
                            ),
                            "what is taken off from which value on; under the first nothing is",
                            True,
                        ),
                    }
                ),
            ),
            "share of the price taken off (default 0%), or by steps of what is known of whoever gets it",
        ),
        "months": Key(
            scalars.POSITIVE, "how many months the discount lasts; without it as long as it is kept"
        ),
        "trial_days": Key(scalars.COUNT, "days of trial before anything is due (default 0)"),
        "guarantee": Key(scalars.TEXT, "what is promised if it disappoints, such as money back in 30 days"),
        "downgrade": Key(scalars.TEXT, "how one goes back, such as at any time, in one click"),
        "guarantee_for": Key(
            scalars.DURATION,
            "how long what was paid is given back to whoever goes back, as the guarantee says",
        ),
        "locales": Key(
            MapOf(
                RecordOf(
                    {
                        "title": Key(scalars.TEXT, "what it is called to the customer"),
                        "reason": Key(scalars.TEXT, "why they would accept, in one sentence"),
                        "guarantee": Key(scalars.TEXT, "what is promised if it disappoints"),
                        "downgrade": Key(scalars.TEXT, "how one goes back"),
                    }
                ),
                "locale",
                scalars.LOCALE,
                least=1,
            ),
            "the same in further languages, by locale, for prompts, pages and mails about orders",
        ),
        "testimonials": Key(
            ListOf(
                RecordOf(
                    {
                        "quote": Key(scalars.TEXT, "what they said, in their words", True),
                        "name": Key(scalars.TEXT, "who said it", True),
                        "company": Key(scalars.TEXT, "where they work"),
                    }
                ),
                least=1,
            ),
            "what customers said of it, shown on its page; only what was really said",
        ),
        "talk_track": Key(scalars.TEXT, "how a person leads a talk about it, for tasks that make it"),
        "objections": Key(OBJECTIONS, "what may be said against it, with answers, for such tasks"),
        "outcome": Key(
            RecordOf(
                {
                    "per": Key(scalars.TEXT, "each what, such as booking made", True),
                    "price": Key(scalars.AMOUNT, "what each one costs", True),
                }
            ),
            "a price per result, in place of every other",
        ),
        "family": Key(
            scalars.NAME, "product family that consent is asked for (default that of what it offers)"
        ),
        "regions": Key(_REGIONS, "countries it is made in; without it everywhere"),
        "available_from": Key(
            scalars.DATE_OR_MOMENT,
            "from when it is made; a date is the beginning of that day in the team's zone",
        ),
        "available_until": Key(
            scalars.DATE_OR_MOMENT, "when the offer is gone; a date is the end of that day in the team's zone"
        ),
        "valid_for": Key(
            scalars.DURATION, "how long its terms are honoured once shown; without it to its end"
        ),
        "stock": Key(scalars.POSITIVE, "how many may be accepted; without it any number"),
        "budget": Key(scalars.AMOUNT, "how much discount may be given away by it in all"),
        "fallback": Key(scalars.NAME, "the offer to make when this one cannot be made to somebody"),
        "stripe": Key(
            RecordOf(
                {"coupon": Key(scalars.STRIPE_COUPON, "id of the coupon that takes its discount off", True)}
            ),
            "what its discount is at Stripe; without it a coupon is made for it there",
        ),
        "waive": Key(waivers_of(Subject.OFFER), "warnings that are let stand, by code, each with its reason"),
    }
)

_ITEM = RecordOf(
    {
        "name": Key(scalars.TEXT, "what customers call it", True),
        "price": Key(scalars.AMOUNT, "what one costs, in whole units of the currency; absent is unknown"),
        "premium": Key(scalars.ID, "the item that is a better one of it"),
        "warranty": Key(scalars.ID, "the item that is its warranty"),
        "contains": Key(
            ListOf(scalars.ID, least=2), "the items a bundle holds, one as often as there are of it"
        ),
        "cost": Key(scalars.AMOUNT, "what one costs you: it is never offered for less"),
        "difference": Key(
            scalars.TEXT, "what the customer gains with this one over the one below it, in one sentence"
        ),
        "regions": Key(_REGIONS, "countries it is sold in; without it everywhere"),
        "for_sale": Key(scalars.BOOLEAN, "whether anybody may still buy it (default true)"),
        "again_after": Key(
            scalars.DURATION,
            "how long after it was ordered it may be offered again, for what is used up; without it never",
        ),
        "family": Key(scalars.NAME, "the product family it belongs to, for consent (default the main one)"),
    }
)

_METRIC = RecordOf(
    {
        "name": Key(scalars.TEXT, "what customers call one of it, such as report", True),
        "plural": Key(scalars.TEXT, "what they call several (default the name and an s)"),
        "saves": Key(
            scalars.DURATION,
            "how much time one of it saves them: your assumption, told with whatever is made of it",
        ),
        "worth": Key(
            _MONEY,
            "what one of it is worth to them, or by currency: your assumption, told likewise",
        ),
        "milestones": Key(
            ListOf(scalars.POSITIVE, least=1),
            "lifetime totals that are celebrated: the event Milestone Reached, once each",
        ),
        "benchmark": Key(
            scalars.BOOLEAN, "whether its use is compared with that of peers, k-anonymously (default false)"
        ),
    }
)

_BENCHMARK = RecordOf(
    {
        "by": Key(
            scalars.TRAIT,
            "a text trait that peers share, beside their plan's family and a like number of seats",
        ),
        "least": Key(
            scalars.CROWD, "the fewest accounts or customers of which anything is said (default 20)"
        ),
    }
)

CATALOG_SHAPE = RecordOf(
    {
        "default_plan": Key(scalars.ID, "the plan of a unit without a subscription"),
        "metrics": Key(
            Either(listing=ListOf(scalars.ID), mapping=MapOf(_METRIC, "metric", scalars.ID)),
            "metrics that usage events may name, beside those that plans limit: a list, or by id what "
            "customers may be told of each",
        ),
        "benchmark": Key(_BENCHMARK, "who is compared with whom"),
        "plans": Key(MapOf(_PLAN, "plan", scalars.ID), "what can be bought, by id"),
        "products": Key(
            MapOf(_PRODUCT, "product", scalars.ID),
            "what is sold beside plans, by id; a subscription event whose plan is the id says who has it",
        ),
        "fit_margin": Key(
            scalars.RATE, "how much more than expected use the plan that fits must cover (default 20%)"
        ),
        "items": Key(MapOf(_ITEM, "item", scalars.ID), "what a shop sells one by one, by id"),
        "largest_step": Key(
            scalars.STEP,
            "how much dearer than what lies in a cart a premium item or a bundle for it may be (default any)",
        ),
        "offers": Key(MapOf(_OFFER, "offer", scalars.NAME), "what may be proposed, by id"),
    }
)

_LEGAL_HOURS = RecordOf(
    {
        "hours": Key(
            MapOf(
                Either(scalar=scalars.TIME_SPAN, listing=ListOf(scalars.TIME_SPAN, least=1)),
                "days",
                scalars.DAYS,
            ),
            "when texts may be sent, by days such as mon-fri; a day that is not named is closed",
            True,
        ),
        "holidays": Key(_OPEN_OR_CLOSED, "whether public holidays of the place are closed", True),
        "closed_on": Key(ListOf(scalars.DATE), "dates that are closed besides"),
        "source": Key(scalars.TEXT, "where it is written, and where sources disagree which and how", True),
        "as_of": Key(scalars.DATE, "the day for which the source says so", True),
        "valid_from": Key(scalars.DATE, "the first day on which it holds; without it always"),
        "valid_until": Key(scalars.DATE, "the first day on which it no longer does; without it never"),
        "note": Key(scalars.TEXT, "what a reader should know besides"),
    }
)

CONTACT_HOURS_SHAPE = MapOf(ListOf(_LEGAL_HOURS, least=1), "jurisdiction", scalars.JURISDICTION)

SIGNALS_SHAPE = MapOf(scalars.RULE, "signal", scalars.SIGNAL_NAME)

SEGMENTS_SHAPE = MapOf(
    RecordOf(
        {
            "unit": Key(scalars.of_enum("unit", UnitKind), "what it holds", True),
            "rule": Key(scalars.RULE, "whoever it is true for is in the segment", True),
            "meaning": Key(scalars.TEXT, "what it says, in one sentence"),
        }
    ),
    "segment",
    msgspec.structs.replace(scalars.SIGNAL_NAME, name="segment name"),
)

QUEUES_SHAPE = MapOf(
    RecordOf(
        {
            "people": Key(
                ListOf(
                    RecordOf(
                        {
                            "id": Key(scalars.ID, "what they are called by where tasks are given", True),
                            "name": Key(scalars.TEXT, "for people", True),
                            "mail": Key(scalars.EMAIL, "where they are told"),
                            "away": Key(
                                ListOf(
                                    RecordOf(
                                        {
                                            "from": Key(scalars.DATE, "the first day", True),
                                            "to": Key(scalars.DATE, "the last day", True),
                                        }
                                    )
                                ),
                                "when they are away, by the team's zone; they are given nothing then",
                            ),
                        }
                    )
                ),
                "who takes its tasks, in the order of turns; without anybody its tasks are nobody's",
            ),
            "give": Key(
                scalars.of_enum("way to give tasks", Give),
                "to the account's owner, by turns, to whoever has the fewest open tasks, or to nobody until "
                "somebody takes one (default round_robin)",
            ),
            "otherwise": Key(
                scalars.one_of("way to give tasks", *(each.value for each in Give if each is not OWN)),
                "how, where the account's owner is nobody of the queue or away (default least_loaded)",
            ),
            "owner": Key(
                scalars.TRAIT_NAME,
                f"the account's trait that names its owner, by id or mail (default {OWNER_TRAIT})",
            ),
            "sla": Key(scalars.SLA, "by when a task should be done whose step says no due"),
            "hours": Key(
                RecordOf(
                    {
                        "from": Key(scalars.TIME, "from what time of day on (default 09:00)"),
                        "to": Key(scalars.TIME, "until what time of day (default 17:00)"),
                        "days": Key(
                            ListOf(scalars.one_of("day of the week", *scalars.WEEKDAYS), least=1),
                            "days of the week (default mon to fri)",
                        ),
                        "closed_on": Key(ListOf(scalars.DATE), "dates on which nobody works"),
                    }
                ),
                "when it is worked, by the team's zone; an sla counts nothing else",
            ),
            "holidays": Key(scalars.COUNTRY, "the country on whose public holidays nobody works"),
        }
    ),
    "queue",
    scalars.NAME,
)

FILES: Final[Mapping[FileKind, File]] = {
    FileKind.SETTINGS: File("upsell.yaml", "Currency, zone, sender, traits and policy.", SETTINGS_SHAPE),
    FileKind.CATALOG: File("catalog.yaml", "What can be bought, and what may be offered.", CATALOG_SHAPE),
    FileKind.SIGNALS: File("signals.yaml", "Named conclusions: a rule by name.", SIGNALS_SHAPE),
    FileKind.CONTACT_HOURS: File(
        "contact_hours.yaml",
        "When the law lets people be sent texts: rows by jurisdiction, in place of all shipped rows of it. "
        "All rows of a place that hold on a day bind, and its country's with them.",
        CONTACT_HOURS_SHAPE,
    ),
    FileKind.SEGMENTS: File(
        "segments.yaml",
        "Named audiences: the accounts or customers for which a rule is true. Rules may use a segment's name "
        "like a signal's; it means its rule, asked of whomever they are asked of.",
        SEGMENTS_SHAPE,
    ),
    FileKind.QUEUES: File(
        "queues.yaml",
        "Queues of tasks: who takes them, how they are given, and by when they should be done. Where "
        "the file is written, a workflow may name no other queue.",
        QUEUES_SHAPE,
    ),
    FileKind.WORKFLOW: File(
        "workflows/*.yaml", "One workflow each; the file's name is its key.", WORKFLOW_SHAPE
    ),
    FileKind.PROMPT: File(
        "templates/*.prompt.yaml",
        "The text of the prompts whose content is called so; `<name>.<locale>.prompt.yaml` is it in another "
        "language. Every value is Liquid. What it costs is said by the terms, always.",
        PROMPT_SHAPE,
    ),
}
"""Every kind of YAML file, by its name in ``upsell schema --workspace``."""
