"""Policy: the policy of ``upsell.yaml`` compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upsell.catalog.offers import OfferKind
from upsell.clock import DAY, format_duration
from upsell.decisions.contact_law import ContactLaw
from upsell.decisions.control import CalendarPeriod, Control
from upsell.decisions.grounds import Basis, Grounds
from upsell.decisions.hours import Calendar
from upsell.decisions.intents import PROMOTIONAL, SELLING, Intent
from upsell.decisions.lineup import LineupOrder
from upsell.decisions.policy import SENSITIVE_STATES, Cap, Per, Policy, SensitiveState
from upsell.errors import nearest
from upsell.workspace.contact_hours import compile_hours
from upsell.workspace.documents import SETTINGS
from upsell.workspace.findings import Findings
from upsell.workspace.guardrails import compile_global
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record
from upsell.workspace.pricing import compile_rails
from upsell.workspace.rulebook import Rulebook, check_event

RULE_STATES: Final[Mapping[str, frozenset[Intent]]] = {
    "onboarding": frozenset({Intent.OFFER}),
    "at_risk": SELLING,
}
"""Built-in states held by the signal of their name, with the intents each stops."""

_BY_EVENTS = {state.name: state for state in SENSITIVE_STATES}
_LONGEST = {Calendar.DAY: 2 * DAY, Calendar.WEEK: 8 * DAY, Calendar.MONTH: 32 * DAY}
"""How far back a calendar window may reach, days with an hour more among them."""

_NAMES = (*_BY_EVENTS, *RULE_STATES)


def compile_policy(
    record: Record, rulebook: Rulebook, currency: str, law: ContactLaw, findings: Findings
) -> Policy:
    """Compile a policy; an empty one has the built-in sensitive states, no caps and no price guardrails."""
    usual = Policy()
    own = compile_hours(record.record("hours") or NOTHING_WRITTEN, law, findings)
    return Policy(
        caps=(*_gap(record), *_caps(record, findings)),
        hours=own.hours,
        law=law,
        lawful=own.lawful,
        grounds={
            channel: Grounds(
                tuple(Basis(leaf.text) for leaf in written.leaves("bases")),
                rulebook.rule(written.leaf("interest")),
            )
            for channel, written in (record.record("consent") or NOTHING_WRITTEN).records()
        },
        not_now=(record.record("declines") or NOTHING_WRITTEN).integer("not_now", usual.not_now),
        suppress=rulebook.rules(record.leaves("suppress")),
        states=_states(record.record("states") or NOTHING_WRITTEN, rulebook, findings),
        patience=record.integer("patience", usual.patience),
        freeze_for=record.integer("freeze_for", usual.freeze_for),
        control=_control(record, findings),
        rails=compile_rails(record.record("pricing"), currency, findings),
        guardrails=compile_global(record, findings),
        lineup_order=LineupOrder(
            (record.record("pricing") or NOTHING_WRITTEN).text("order", usual.lineup_order.value)
        ),
    )


def _control(record: Record, findings: Findings) -> Control:
    """Compile the global control: a share alone is drawn once, with a period it is drawn anew."""
    written = record.record("global_control")
    if written is None:
        return Control(record.rate("global_control"))
    leaf, wash_out = written.leaf("period"), written.integer("wash_out")
    if leaf is None:
        if written.has("wash_out") and not written.has("period"):
            findings.error(
                written.keys["wash_out"],
                "expected a period beside wash_out, got none",
                hint="a control that is never drawn anew has nothing to wash out; add period: quarter",
                code="missing-key",
            )
        return Control(written.rate("share"))
    period = leaf.value if isinstance(leaf.value, int) else CalendarPeriod(leaf.text)
    shortest = period.months * 28 * DAY if isinstance(period, CalendarPeriod) else period
    if wash_out >= shortest:
        findings.error(
            written.keys["wash_out"],
            f"expected a wash-out shorter than the period, got {format_duration(wash_out)}",
            hint="in a wash-out whoever changed sides is not counted; something must be left to count",
            code="control",
        )
    return Control(written.rate("share"), period=period, wash_out=wash_out)


def _gap(record: Record) -> tuple[Cap, ...]:
    """Give the minimum gap as what it is: a cap of one that nothing may ignore."""
    gap = record.integer("gap")
    return (Cap(at_most=1, within=gap, intents=SELLING, is_hard=True),) if gap else ()


def _caps(record: Record, findings: Findings) -> tuple[Cap, ...]:
    """Compile the frequency caps."""
    return tuple(_cap(cap, findings) for cap in record.each("caps") if isinstance(cap, Record))


def _cap(record: Record, findings: Findings) -> Cap:
    """Compile one frequency cap."""
    calendar = record.leaf("calendar")
    if record.has("within") == record.has("calendar"):
        findings.error(
            record.keys.get("calendar", record.place),
            f"expected one of within and calendar in a cap, got {'both' if calendar else 'none'}",
            hint="within: 7 days rolls; calendar: week begins anew each Monday in the recipient's zone",
            code="missing-key",
        )
    window = Calendar(calendar.text) if calendar is not None else None
    return Cap(
        at_most=record.integer("at_most"),
        within=_LONGEST[window] if window is not None else record.integer("within"),
        intents=_intents(record, "intents", PROMOTIONAL, findings),
        channels=frozenset(leaf.text for leaf in record.leaves("channels")),
        per=Per(record.text("per", Per.PERSON.value)),
        calendar=window,
        workflows=frozenset(leaf.text for leaf in record.leaves("workflows")),
        categories=frozenset(leaf.text for leaf in record.leaves("categories")),
        kinds=frozenset(OfferKind(leaf.text) for leaf in record.leaves("kinds")),
    )


def _states(record: Record, rulebook: Rulebook, findings: Findings) -> tuple[SensitiveState, ...]:
    """Give the built-in states as changed or turned off, then the workspace's own."""
    states = dict(_BY_EVENTS)
    for name, stops in RULE_STATES.items():
        if name not in record.keys:
            states[name] = SensitiveState(name, (), (), 0, stops, when=rulebook.built_in(name))
    for name, place in record.keys.items():
        item = record.items.get(name)
        if isinstance(item, Record):
            if name not in _NAMES and not item.has("starts") and not item.has("when"):
                near = nearest(name, _NAMES)
                findings.error(
                    place,
                    f"expected starts or when in the new sensitive state {name}, got neither",
                    hint=f"did you mean {near}?"
                    if near
                    else f"starts lists the events that start it; built in are {', '.join(_NAMES)}",
                    code="missing-key",
                )
            states[name] = _state(name, item, rulebook, findings)
        elif isinstance(item, Leaf) and states.pop(name, None) is None and name not in RULE_STATES:
            findings.unknown(place, "sensitive state", name, _NAMES, SETTINGS)
    return tuple(states.values())


def _state(name: str, record: Record, rulebook: Rulebook, findings: Findings) -> SensitiveState:
    """Compile one state over the built-in one of its name; how it says it begins is how it begins."""
    for leaf in (*record.leaves("starts"), *record.leaves("ends")):
        check_event(leaf, leaf.text, findings)
    nothing = SensitiveState(name, (), (), 0, RULE_STATES.get(name, SELLING))
    usual = _BY_EVENTS.get(name, nothing)
    has_own = record.has("starts") or record.has("when")
    begins = nothing if has_own else usual
    starts = tuple(leaf.text for leaf in record.leaves("starts")) or begins.starts
    ends = tuple(leaf.text for leaf in record.leaves("ends")) if record.has("ends") else usual.ends
    when = rulebook.rule(record.leaf("when"))
    if name in RULE_STATES and not has_own:
        when = rulebook.built_in(name)
    if not starts:
        _refuse_without_events(record, findings)
    return SensitiveState(
        name=name,
        starts=starts,
        ends=ends if starts else (),
        cool_down=record.integer("cool_down", usual.cool_down),
        stops=_intents(record, "stops", usual.stops, findings),
        key=record.text("key") or usual.key,
        where=rulebook.condition(record.leaf("where")) if record.has("where") else begins.where,
        when=when,
    )


def _refuse_without_events(record: Record, findings: Findings) -> None:
    """Note what only a state that events start can have."""
    hints = {
        "ends": "it ends when its rule is no longer true",
        "cool_down": "let the rule itself linger, such as by a longer interval",
        "where": "where is about an event; say it in the rule",
        "key": "a key tells the events of several apart",
    }
    for key, hint in hints.items():
        if record.has(key):
            findings.error(
                record.keys[key],
                f"expected starts beside {key}, got a state that no event starts",
                hint=hint,
                code="state-without-events",
            )


def _intents(record: Record, key: str, usual: frozenset[Intent], findings: Findings) -> frozenset[Intent]:
    """Give the intents listed under a key; ``service`` is stopped by no policy and so refused."""
    if not record.leaves(key):
        return usual
    for leaf in record.leaves(key):
        if leaf.text == Intent.SERVICE.value:
            findings.error(
                leaf.place,
                "expected one of help, show, offer, got service",
                hint="service mail, about what the customer has, is stopped by consent alone",
                code="intent",
            )
    return frozenset(Intent(leaf.text) for leaf in record.leaves(key))
