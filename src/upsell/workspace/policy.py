"""Policy: the policy of ``upsell.yaml`` compiled."""

from __future__ import annotations

from upsell.decisions.intents import PROMOTIONAL, SELLING, Intent
from upsell.decisions.policy import SENSITIVE_STATES, Cap, Policy, SensitiveState
from upsell.errors import nearest
from upsell.workspace.documents import SETTINGS
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record
from upsell.workspace.rulebook import Rulebook, check_event

_BUILT_IN = {state.name: state for state in SENSITIVE_STATES}


def compile_policy(record: Record, rulebook: Rulebook, findings: Findings) -> Policy:
    """Compile a policy; an empty one has the built-in sensitive states and no caps."""
    usual = Policy()
    return Policy(
        caps=tuple(_cap(cap, findings) for cap in record.each("caps") if isinstance(cap, Record)),
        suppress=rulebook.rules(record.leaves("suppress")),
        states=_states(record.record("states") or NOTHING_WRITTEN, findings),
        patience=record.integer("patience", usual.patience),
        freeze_for=record.integer("freeze_for", usual.freeze_for),
        control_rate=record.rate("global_control"),
    )


def _cap(record: Record, findings: Findings) -> Cap:
    """Compile one frequency cap."""
    return Cap(
        at_most=record.integer("at_most"),
        within=record.integer("within"),
        intents=_intents(record, "intents", PROMOTIONAL, findings),
        channels=frozenset(leaf.text for leaf in record.leaves("channels")),
    )


def _states(record: Record, findings: Findings) -> tuple[SensitiveState, ...]:
    """Give the built-in states as changed or turned off, then the workspace's own."""
    states = dict(_BUILT_IN)
    for name, place in record.keys.items():
        item = record.items.get(name)
        if isinstance(item, Record):
            if name not in _BUILT_IN and not item.has("starts"):
                near = nearest(name, _BUILT_IN)
                findings.error(
                    place,
                    f"expected starts in the new sensitive state {name}, got none",
                    hint=f"did you mean {near}?"
                    if near
                    else f"starts lists the events that start it; built in are {', '.join(_BUILT_IN)}",
                    code="missing-key",
                )
            states[name] = _state(name, item, findings)
        elif isinstance(item, Leaf) and states.pop(name, None) is None:
            findings.unknown(place, "sensitive state", name, _BUILT_IN, SETTINGS)
    return tuple(states.values())


def _state(name: str, record: Record, findings: Findings) -> SensitiveState:
    """Compile one state over the built-in one of its name, if there is one."""
    for leaf in (*record.leaves("starts"), *record.leaves("ends")):
        check_event(leaf, leaf.text, findings)
    usual = _BUILT_IN.get(name, SensitiveState(name, (), (), 0, SELLING))
    starts = tuple(leaf.text for leaf in record.leaves("starts"))
    ends = tuple(leaf.text for leaf in record.leaves("ends"))
    return SensitiveState(
        name=name,
        starts=starts or usual.starts,
        ends=ends if record.has("ends") else usual.ends,
        cool_down=record.integer("cool_down", usual.cool_down),
        stops=_intents(record, "stops", usual.stops, findings),
        key=record.text("key") or usual.key,
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
