"""The event table: the fixed names of events, ours, to which every source maps.

A team's own events go by any other name. The law: a name in this table always carries the
properties written here, so a rule means the same whatever source the event came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Final

import msgspec

from upsell.rules.kinds import Kind


class Property(msgspec.Struct, frozen=True):
    """One property of an event.

    Attributes:
        name: Its key in ``properties``.
        kind: What its value is; lists and objects have none and no rule sees them.
        meaning: What it says, with unit and default.
        is_required: Whether the event says nothing without it.
    """

    name: str
    kind: Kind | None
    meaning: str
    is_required: bool = False


class EventType(msgspec.Struct, frozen=True):
    """One fixed event.

    Attributes:
        name: Its name.
        group: The heading it stands under.
        meaning: What happened.
        properties: What it carries.
        is_ours: Whether Upsell itself records it; sources never send it.
    """

    name: str
    group: str
    meaning: str
    properties: tuple[Property, ...] = ()
    is_ours: bool = False


def _text(name: str, meaning: str, *, is_required: bool = False) -> Property:
    return Property(name, Kind.TEXT, meaning, is_required)


def _number(name: str, meaning: str, *, is_required: bool = False) -> Property:
    return Property(name, Kind.NUMBER, meaning, is_required)


def _moment(name: str, meaning: str, *, is_required: bool = False) -> Property:
    return Property(name, Kind.MOMENT, meaning, is_required)


_SUBSCRIPTION_ID = _text("subscription_id", "which subscription (default `default`)")
_PLAN = _text("plan", "id of the plan, as in `catalog.yaml`", is_required=True)
_MONEY = (
    _number("amount", "in minor units of the currency, a whole number", is_required=True),
    _text("currency", "ISO 4217 code", is_required=True),
)
_AMOUNT = (
    _number("amount", "in minor units of the currency, a whole number"),
    _text("currency", "ISO 4217 code"),
)
_WHOLE = (
    _moment("started_at", "when it started, ISO 8601 with a zone (default by `Subscription Started`)"),
    _text(
        "state_after",
        "key of the state it is in from now on: what the event does not say is not so then, and of several "
        "at one moment the last is told by their states",
    ),
    _text("state_before", "key of the state it came from"),
)
_TERMS = (
    _SUBSCRIPTION_ID,
    _PLAN,
    _number("quantity", "units (seats) paid for (default 1)"),
    _number(
        "amount",
        "due per interval for the whole subscription after discount, in minor units of the currency",
    ),
    _text("currency", "ISO 4217 code (default the workspace's)"),
    _text("interval", "`month` or `year` (default `month`)"),
    _text("status", "`active` or `trialing` (default `active`)"),
    _moment("renews_at", "when the next amount falls due, ISO 8601 with a zone"),
    *_WHOLE,
)
_DERIVED = (
    _number("tier_before", "tier of the plan before"),
    _number("tier_after", "tier of the plan from now on"),
    _number("quantity_before", "quantity before"),
    _number("quantity_after", "quantity from now on"),
    _number("mrr_before", "recurring revenue per month before, in minor units"),
    _number("mrr_after", "recurring revenue per month from now on"),
    _text("currency", "ISO 4217 code, as the event that it follows from said"),
)
_INVOICE = (_text("invoice_id", "the source's id of the invoice", is_required=True), *_MONEY)
_OVERAGE = _number("overage", "how much of the amount is for use beyond a limit, in minor units")
_TICKET = (
    _text("ticket_id", "the source's id of the ticket", is_required=True),
    _text("severity", "how bad it is, in the source's words"),
)
_INCIDENT = (_text("incident_id", "the source's id of the incident", is_required=True),)
_ITEMS = Property(
    "items",
    None,
    "list of what it is about, each with `id`, `quantity` (default 1) and `price` of one in minor units; "
    "Segment's `products` will do",
)
_TAKEN_BACK = Property("items", None, "list of what was taken back of it, as of an order (default all of it)")
_ORDER = (
    _text("order_id", "the source's id of the order", is_required=True),
    _number("amount", "in minor units of the currency"),
    _text("currency", "ISO 4217 code"),
)
_CONSENT = (
    _text("channel", "which channel, such as `email`; `*` for all", is_required=True),
    _text("purpose", "`marketing` (default), `profiling`, which every offer takes, or `service`: everything"),
    _text("family", "product family it is about (default all)"),
    _text("proof", "where and how it was said"),
    _text("text_version", "which version of the words was shown"),
)
_MESSAGE = (
    _text("key", "the message's key: enrollment, step, visit, recipient, channel", is_required=True),
    _text("workflow", "key of the workflow"),
    _text("step", "id of the step"),
    _text("channel", "which channel"),
)
_ADDRESS_KEY = _text("address_key", "key of the address", is_required=True)
_REASON = _text("reason", "why, in the words of the closed set of reasons")
_STATUS = _text("status", "the enhanced status code of the answer (RFC 3463), such as `5.1.1`")
_PROMPT = (
    _text("key", "key of this showing", is_required=True),
    _text("prompt", "the prompt's key: enrollment, step, visit"),
    _text("workflow", "key of the workflow"),
    _text("placement", "where it can appear; empty for what is told by a channel"),
    _text("channel", "by which channel it is told"),
    _text("content", "what the prompt's step calls what is to be shown"),
    _text("kind", "how a page draws it; empty where that is left to the page"),
)
_MADE_OFFER = (
    _text("offer", "id of the offer", is_required=True),
    _text("key", "key of what showed it: the prompt, the message or the task"),
)
_TASK = (
    _text("key", "the task's key", is_required=True),
    _text("queue", "which team's queue"),
    _text("title", "what is to be done"),
)
_TASK_SAID = (
    *_TASK,
    _text("task_reason", "what it is for; of a household one task is open for each"),
    _text("workflow", "key of the workflow that asks"),
    _text("offer", "id of the offer to make"),
    _moment("due_at", "by when it should be done, ISO 8601 with a zone"),
)
_TASK_BY = _text("by", "who did that")
_APPROVAL = (
    _text("key", "key of what made the offer; of the order too", is_required=True),
    _text("offer", "id of the offer"),
    _text("thing", "id of what it comes to"),
    _number("price", "the price that was accepted, in minor units; absent where none is"),
    _text("currency", "ISO 4217 code of that"),
    _text("by", "id of the customer who accepted"),
)
_DECIDED = (_text("approver", "who decided"), _text("why", "why"))
_SEGMENT = (
    _text("segment", "name of the segment", is_required=True),
    _text("unit", "who: `a:` and the account, or `c:` and the customer", is_required=True),
)


_ORDER_OF_TEAM = (
    _text("unit", "the unit, `a:` and an account's or `c:` and a customer's id", is_required=True),
    _text("workflow", "key of the workflow", is_required=True),
    _text("enrollment", "which passage (default all of the unit's in the workflow)"),
    _text("by", "who decided it"),
    _text("why", "why"),
)

_VIEW = (
    _text("name", "what the page or screen is called"),
    _text("category", "what it belongs to"),
    _text("url", "where it is"),
)


def _people() -> tuple[EventType, ...]:
    group = "Customers and accounts"
    return (
        EventType(
            "Customer Identified",
            group,
            "Traits of a customer are known; each replaces the one before.",
            (
                _text("email", "the address mail goes to"),
                Property("*", None, "any trait: a JSON scalar"),
            ),
        ),
        EventType(
            "Account Identified",
            group,
            "Traits of an account are known; each replaces the one before. A customer named is a member.",
            (
                Property("roles", None, 'list of the customer\'s roles in the account, such as `["admin"]`'),
                Property("*", None, "any trait: a JSON scalar"),
            ),
        ),
        EventType(
            "Account Left",
            group,
            "A customer is no member of an account any more: the one it names, or else their own.",
        ),
        EventType(
            "Customers Merged",
            group,
            "Two ids are one customer: the event's customer stays, the other's past is theirs from now on.",
            (_text("from", "the id that goes", is_required=True),),
        ),
    )


def _subscriptions() -> tuple[EventType, ...]:
    group = "Subscriptions and money"
    return (
        EventType("Subscription Started", group, "A subscription began.", _TERMS),
        EventType("Subscription Changed", group, "Its plan, quantity, amount or interval changed.", _TERMS),
        EventType("Subscription Renewed", group, "It went on for another interval.", _TERMS),
        EventType(
            "Subscription Canceled",
            group,
            "It will end, or has ended.",
            (
                _SUBSCRIPTION_ID,
                _moment("ends_at", "when it ends, ISO 8601 with a zone (default at once)"),
                _text(
                    "plan", "id of the plan it was to; with it one not heard of before is known to have been"
                ),
                *_WHOLE,
            ),
        ),
        EventType(
            "Subscription Upgraded",
            group,
            "Derived from tier, quantity and recurring revenue before and after: it became bigger.",
            _DERIVED,
            is_ours=True,
        ),
        EventType(
            "Subscription Downgraded",
            group,
            "Derived from tier, quantity and recurring revenue before and after: it became smaller.",
            _DERIVED,
            is_ours=True,
        ),
        EventType(
            "Trial Started",
            group,
            "A trial began.",
            (
                _SUBSCRIPTION_ID,
                _PLAN,
                _text("feature", "the feature, where it is of one alone"),
                _moment("ends_at", "when it ends, ISO 8601 with a zone"),
            ),
        ),
        EventType(
            "Trial Ended",
            group,
            "A trial ended.",
            (
                _SUBSCRIPTION_ID,
                _PLAN,
                _text("feature", "the feature, where it was of one alone"),
                Property("converted", Kind.BOOLEAN, "whether it became a paid subscription"),
            ),
        ),
        EventType("Invoice Paid", group, "An invoice was paid.", (*_INVOICE, _OVERAGE)),
        EventType("Invoice Payment Failed", group, "A payment for an invoice failed.", _INVOICE),
        EventType(
            "Invoice Voided", group, "An invoice was called off: nothing is due on it any more.", _INVOICE
        ),
        EventType(
            "Refunded",
            group,
            "Money was given back.",
            (
                *_MONEY,
                _text(
                    "order_id",
                    "the order it is about: its usage packs are taken back, unless it came to more",
                ),
                _TAKEN_BACK,
                _OVERAGE,
            ),
        ),
    )


def _use() -> tuple[EventType, ...]:
    group = "Use"
    return (
        EventType(
            "Usage Recorded",
            group,
            "Some of a metric was used, or a level was read; one of `quantity` and `level` is there.",
            (
                _text("metric", "which metric", is_required=True),
                _number("quantity", "how much was used, added to the period's use"),
                _number("level", "how much is in use now, such as seats; replaces what was before"),
            ),
        ),
        EventType(
            "Feature Used",
            group,
            "Someone used a feature.",
            (_text("feature", "which feature", is_required=True),),
        ),
        EventType("Pricing Viewed", group, "Someone looked at plans and prices.", _VIEW),
        EventType(
            "Invite Sent",
            group,
            "Someone invited a colleague.",
            (_text("email", "whom, where that may be told"), _text("role", "as what")),
        ),
        EventType(
            "Integration Connected",
            group,
            "Another system was connected.",
            (_text("integration", "which system", is_required=True),),
        ),
        EventType(
            "Milestone Reached",
            group,
            "They achieved something with the product. Derived where a metric's lifetime total passes one of "
            "its `milestones` in `catalog.yaml`; a source may tell of others.",
            (
                Property(
                    "milestone", None, "which milestone, in the source's words; the total where derived", True
                ),
                _text("metric", "whose total passed it, where derived"),
                _number("total", "the total then, where derived"),
            ),
        ),
        EventType("Onboarding Finished", group, "They have found their way in."),
        EventType("Page Viewed", group, "A page of a site was seen.", _VIEW),
        EventType("Screen Viewed", group, "A screen of an app was seen.", _VIEW),
        EventType(
            "Limit Reached",
            group,
            "A limit of the plan stopped someone.",
            (_text("metric", "which metric", is_required=True),),
        ),
        EventType(
            "Feature Gate Hit",
            group,
            "Someone reached for a feature that the plan lacks.",
            (_text("feature", "which feature", is_required=True),),
        ),
    )


def _trouble() -> tuple[EventType, ...]:
    group = "Help and trouble"
    return (
        EventType("Ticket Opened", group, "A customer asked for help.", _TICKET),
        EventType("Ticket Closed", group, "The ticket was settled.", _TICKET),
        EventType("Incident Started", group, "Something of ours is broken for them.", _INCIDENT),
        EventType(
            "Deal Opened",
            group,
            "Sales works on a deal with them: automation waits.",
            (_text("deal_id", "the source's id of the deal", is_required=True), *_AMOUNT),
        ),
        EventType(
            "Deal Closed",
            group,
            "The deal was won or lost.",
            (
                _text("deal_id", "the source's id of the deal", is_required=True),
                _text("outcome", "`won` or `lost`"),
                *_AMOUNT,
            ),
        ),
        EventType("Incident Ended", group, "It works again.", _INCIDENT),
        EventType(
            "Survey Answered",
            group,
            "A customer told what they think.",
            (_text("kind", "which survey, such as `nps`"), _number("score", "the answer as a number")),
        ),
    )


def _orders() -> tuple[EventType, ...]:
    group = "Orders"
    cart = (
        _ITEMS,
        _number("amount", "worth of the cart in minor units (default what its items come to)"),
        _text("currency", "ISO 4217 code"),
    )
    return (
        EventType(
            "Order Completed",
            group,
            "An order was placed and paid; its cart is empty. Packs of `catalog.yaml` among its items raise "
            "the limits of the usage period it happened in.",
            (*_ORDER, _ITEMS),
        ),
        EventType("Order Delivered", group, "It arrived.", _ORDER),
        EventType("Order Canceled", group, "It was called off.", (*_ORDER, _TAKEN_BACK)),
        EventType("Cart Updated", group, "What lies in the cart changed; it holds what this says.", cart),
        EventType("Checkout Started", group, "A customer went to pay.", cart),
    )


def _consent() -> tuple[EventType, ...]:
    group = "Consent"
    return (
        EventType("Consent Given", group, "A customer agreed to be written to.", _CONSENT),
        EventType(
            "Consent Withdrawn",
            group,
            "A customer asked not to be.",
            (
                *_CONSENT,
                _text("key", "key of the message that was answered by it"),
                _moment("until", "when it ends by itself: a pause, ISO 8601 with a zone (default never)"),
            ),
        ),
    )


def _messages() -> tuple[EventType, ...]:
    group = "What Upsell does"

    def ours(name: str, meaning: str, properties: tuple[Property, ...]) -> EventType:
        return EventType(name, group, meaning, properties, is_ours=True)

    return (
        ours("Message Reserved", "A message was decided and holds its place under the caps.", _MESSAGE),
        ours(
            "Message Withheld",
            "A message was not sent: held out, or something became true in between.",
            (
                *_MESSAGE,
                _REASON,
                _text("rule", "the rule that decided, or the cap or the state"),
                _moment("retry_at", "when time alone may open the gate again"),
                _text("address", "key of the address whose places others had taken"),
                _text("by", "who withdrew it by hand"),
                Property("is_final", Kind.BOOLEAN, "whether it is not asked about again, as by hand"),
            ),
        ),
        ours("Message Sent", "The provider accepted it.", _MESSAGE),
        ours("Message Failed", "The provider refused it for good.", (*_MESSAGE, _REASON, _STATUS)),
        ours("Message Unknown", "Whether the provider accepted it is not known; counts as sent.", _MESSAGE),
        EventType("Message Delivered", group, "It reached the mailbox.", _MESSAGE),
        EventType(
            "Message Bounced",
            group,
            "It came back; its address is written to no more, unless it was `soft`.",
            (
                *_MESSAGE,
                _text("reason", "why, in the words of whoever refused it"),
                _text("kind", "`hard` (default) or `soft`, for what may get through later"),
                _STATUS,
                _text("address_key", "key of the address it came back from (default of the customer's own)"),
            ),
        ),
        EventType(
            "Message Complained",
            group,
            "The customer marked it as spam: a withdrawal of consent for its channel.",
            _MESSAGE,
        ),
        EventType(
            "Message Opened",
            group,
            "It was opened. Of mail of ours it is told where `links.opens` asks for it, and of people alone; "
            "what a source tells of may be a machine's.",
            _MESSAGE,
        ),
        EventType(
            "Message Clicked",
            group,
            "A link in it was followed by a person; a machine that follows links makes no event.",
            (*_MESSAGE, _text("link", "where it leads")),
        ),
        ours(
            "Message Answered",
            "Somebody wrote back; of texts by Twilio it is told, and what it asks for is done.",
            (
                *_MESSAGE,
                _text("words", "what they wrote, its first 1,600 characters"),
                _text(
                    "meaning",
                    "`stop`, `start`, `help`, `other`, or `perhaps stop`: a word of a withdrawal that is "
                    "perhaps none, for a person to look at",
                ),
                _text("answer", "what was answered at once; nothing where who carries texts answers"),
            ),
        ),
        ours(
            "Address Suppressed",
            "An address that somebody has is written to no more, whoever has it.",
            (
                _ADDRESS_KEY,
                _text("reason", "`hard_bounce`, `soft_bounces`, `complaint` or `by_hand`"),
                _text("by", "who said so: a source, or somebody of the team"),
                _text("why", "why"),
            ),
        ),
        ours(
            "Address Freed",
            "Somebody of the team let an address be written to again.",
            (_ADDRESS_KEY, _text("by", "who"), _text("why", "why")),
        ),
        ours(
            "Placement Asked",
            "What somebody may be shown at a placement, or told by a channel, is asked.",
            (
                _text("placement", "which placement"),
                _text("channel", "by which channel the team's own system is about to speak"),
                Property("cart", None, "what lies in the customer's cart now, as of `Cart Updated`"),
                Property("*", None, "any scalar of the request's context"),
            ),
        ),
        ours("Prompt Offered", "A prompt was given to a placement that asked.", _PROMPT),
        ours("Prompt Withheld", "A prompt was asked for and not shown.", (*_PROMPT, _REASON)),
        ours(
            "Trial Granted",
            "A trial was granted, and the team's own billing told of it.",
            (
                _text("key", "the trial's key: enrollment, step, visit", is_required=True),
                _text("offer", "id of the offer"),
                _text("thing", "id of what is tried"),
                _moment("ends_at", "when it ends, ISO 8601 with a zone"),
            ),
        ),
        ours("Task Opened", "There is work for a person.", _TASK_SAID),
        ours("Task Updated", "Work that was open already is said anew, under its key.", _TASK_SAID),
        ours(
            "Task Given",
            "Work became somebody's: by the rule of its queue, or because somebody gave it to them.",
            (*_TASK, _text("owner", "whose it is, by the id their queue has"), _TASK_BY),
        ),
        ours("Task Taken", "Somebody took work up.", (*_TASK, _text("owner", "who did"), _TASK_BY)),
        ours(
            "Task Snoozed",
            "Work was put off.",
            (*_TASK, _moment("until", "until when, ISO 8601 with a zone"), _TASK_BY),
        ),
        ours(
            "Task Overdue",
            "Work was not done by when it was due; said once.",
            (*_TASK, _moment("due_at", "when it was due, ISO 8601 with a zone")),
        ),
        ours(
            "Approval Asked",
            "A customer accepted an offer above a limit: it waits for an approver, and nothing is charged.",
            (
                *_APPROVAL,
                _number("total", "what falls due over twelve months, in minor units, where known"),
                _moment("decide_by", "until when it waits, ISO 8601 with a zone"),
            ),
        ),
        ours("Approval Given", "An approver approved it: `Offer Accepted` follows.", (*_APPROVAL, *_DECIDED)),
        ours("Approval Refused", "An approver refused it; nothing was charged.", (*_APPROVAL, *_DECIDED)),
        ours("Approval Lapsed", "Nobody decided in time; nothing was charged.", _APPROVAL),
        ours(
            "Colleague Asked",
            "Somebody who may not accept for their account asked those who may.",
            (
                _text("key", "key of what made the offer", is_required=True),
                _text("offer", "id of the offer"),
                _text("thing", "id of what it comes to"),
                Property("asked", None, "ids of the customers who were asked"),
                _text("because", "what they said to them"),
                _text("via", "by what: `prompt` or `page`"),
            ),
        ),
        ours(
            "Return Asked",
            "A customer asked to go back from what they took, at what was promised.",
            (
                _text("key", "key it was taken under", is_required=True),
                _text("offer", "id of the offer"),
                _text("thing", "id of what they took"),
                _text("because", "why, in their words"),
                _text("via", "by what: `page` or `command`"),
                Property(
                    "refund", Kind.BOOLEAN, "whether what was paid is given back, as the guarantee says"
                ),
            ),
        ),
        ours("Enrollment Ended", "Somebody of the team ended a passage through a workflow.", _ORDER_OF_TEAM),
        ours(
            "Enrollment Migrated",
            "Somebody of the team moved a passage to another version of its workflow.",
            (
                *_ORDER_OF_TEAM,
                _text("version", "the version it goes on with", is_required=True),
                Property("steps", None, "where each step of the version left lands in it, by id"),
            ),
        ),
        ours("Segment Entered", "A unit is in a segment from now on.", _SEGMENT),
        ours("Segment Left", "A unit is in a segment no longer.", _SEGMENT),
    )


def _answers() -> tuple[EventType, ...]:
    group = "Answers to what Upsell shows and asks"
    return (
        EventType("Prompt Shown", group, "A prompt was seen.", _PROMPT),
        EventType("Prompt Clicked", group, "A prompt was followed.", _PROMPT),
        EventType("Prompt Dismissed", group, "A prompt was closed.", _PROMPT),
        EventType(
            "Offer Accepted",
            group,
            "A customer took an offer at its stated terms.",
            (
                *_MADE_OFFER,
                _number(
                    "discount",
                    "what its discount comes to over the time it lasts, in minor units (default what `key` "
                    "showed, which goes before)",
                ),
                _text("currency", "ISO 4217 code of that (default that of what `key` showed)"),
                _text("workflow", "key of the workflow that made it (default that of what `key` showed)"),
                _text("thing", "id of the plan or product it came to"),
                _number("price", "the price that was stated and taken, in minor units; absent where none is"),
                _text("via", "how it was taken: `prompt`, `page` or `api`"),
                _text("by", "id of the customer who took it"),
                _text("approved_by", "who approved it, where somebody had to"),
                _number(
                    "trial_days",
                    "for how many days it is tried before anything is due; it takes no paid terms then, "
                    "so it converts no trial",
                ),
                Property("terms", None, "what it came to, as it was shown"),
            ),
        ),
        EventType(
            "Offer Declined",
            group,
            "A customer refused an offer; why is kept as the traits `objection`, `missing_feature`.",
            (
                *_MADE_OFFER,
                _text("thing", "id of the plan or product it came to, where the offer itself names none"),
                _text("answer", "`not_now` (default) or `never`"),
                _text("reason", "the objection, such as `too_expensive` or `missing_feature`"),
                _text("feature", "the feature that is missing"),
            ),
        ),
        EventType(
            "Task Closed",
            group,
            "The work was done or dropped, or what it was about is over.",
            (
                *_TASK,
                _text(
                    "outcome",
                    "what came of it: `meeting_set`, `opportunity`, `won`, `lost`, `not_now`, `no_answer`, "
                    "`cause_ended`, `dropped`, or words of your own, which mean nothing more",
                ),
                _text(
                    "reason", "why it was `lost` or `not_now`, such as `too_expensive`; kept as `objection`"
                ),
                _text("feature", "the feature that is missing; kept as `missing_feature`"),
                _number("amount", "what the opportunity is worth, in minor units; no revenue"),
                _text("currency", "ISO 4217 code of that"),
                _text("cause", "what ended its cause, of `cause_ended`"),
                _TASK_BY,
                _number("minutes", "minutes of work it took; without it those under `costs:` count"),
            ),
        ),
    )


EVENT_TABLE: Final[Mapping[str, EventType]] = {
    event.name: event
    for event in (
        *_people(),
        *_subscriptions(),
        *_use(),
        *_trouble(),
        *_orders(),
        *_consent(),
        *_messages(),
        *_answers(),
    )
}
"""Every fixed event by its name, in the order of the reference page."""


def meant_event(name: str) -> str | None:
    """Give the fixed event that ``name`` looks like a slip of; None for fixed names and others' own.

    A slip differs in letter case, joining characters or a few letters: at least 9 in 10 letters
    agree (Ratcliff and Obershelp's measure): ``Trial Start`` does, ``Trial Extended`` does not.
    """
    if name in EVENT_TABLE or len(name) > 60:
        return None
    folded = _folded(name)
    best, near = max((SequenceMatcher(None, folded, _folded(known)).ratio(), known) for known in EVENT_TABLE)
    return near if best >= 0.9 else None


def _folded(name: str) -> str:
    """Give a name without case and joining characters."""
    return name.casefold().replace("_", " ").replace("-", " ").strip()
