"""The rulebook: rules of a workspace compiled with its own names, complaints put in their place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import TypeAlias

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.decisions.lineup import ListedPlan
from upsell.errors import DefinitionError, Problem
from upsell.rules.compile import Rule, compile_rule
from upsell.rules.conditions import Condition, compile_condition
from upsell.rules.kinds import Kind
from upsell.rules.vocabulary import Vocabulary
from upsell.signals.event_table import meant_event
from upsell.workspace.documents import SETTINGS
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record
from upsell.workspace.standard import StandardSignal

FIELDS: Mapping[str, Mapping[str, Kind]] = {
    "plan": {"id": Kind.TEXT, "name": Kind.TEXT, "tier": Kind.NUMBER, "price": Kind.NUMBER},
    "subscription": {
        "id": Kind.TEXT,
        "plan": Kind.TEXT,
        "status": Kind.TEXT,
        "quantity": Kind.NUMBER,
        "mrr": Kind.NUMBER,
        "amount": Kind.NUMBER,
        "interval": Kind.TEXT,
        "currency": Kind.TEXT,
        "started_at": Kind.MOMENT,
        "renews_at": Kind.MOMENT,
        "ends_at": Kind.MOMENT,
    },
    "cart": {
        "amount": Kind.NUMBER,
        "currency": Kind.TEXT,
        "items": Kind.NUMBER,
        "updated_at": Kind.MOMENT,
        "checkout_started_at": Kind.MOMENT,
        "item": Kind.TEXT,
        "premium": Kind.TEXT,
        "premium_difference": Kind.NUMBER,
        "warranty": Kind.TEXT,
        "warranty_item": Kind.TEXT,
        "bundle": Kind.TEXT,
        "bundle_saving": Kind.NUMBER,
    },
    "fit": {
        "plan": Kind.TEXT,
        "is_staying": Kind.BOOLEAN,
        "price": Kind.NUMBER,
        "saving": Kind.NUMBER,
        "periods": Kind.NUMBER,
        "periods_over": Kind.NUMBER,
        "would_have_saved": Kind.NUMBER,
    },
}
"""Fields of the closed scopes every rule may name; money in minor units, prices and ``saving`` per month."""

CART_NAMES = frozenset(
    {"item_name", "item_gain", "premium_name", "premium_gain", "warranty_name", "warranty_item_name"}
    | {"bundle_name"}
)
"""What templates may say of a cart beside its fields."""

FIT_NAMES = frozenset(
    {"plan", "name", "is_staying", "price", "periods", "periods_over", "saving", "would_have_saved"}
)
"""What templates may say of the plan that fits."""

PLAN_NAMES = frozenset(ListedPlan.__struct_fields__)
"""What templates may say of each plan of the line-up."""

OFFER_NAMES = frozenset(
    "id title reason kind thing name plan features discount months trial_days interval quantity guarantee "
    "downgrade expires_at price total full_price saving outcome_price outcome_per".split()
)
"""What templates may say of an offer."""

LINK_NAMES = frozenset({"unsubscribe", "preferences", "offer", "downgrade", "quote", "decide"})
"""The links templates may place; each is absent where nothing makes it."""

ORDER_NAMES = frozenset(
    "news name message price full_price total interval quantity months trial_days guarantee downgrade "
    "accepted_at decide_by back_to has_refund refunded credited keeps_until is_given_up paid pay_url pay_by "
    "by".split()
)
"""What the templates of mails about orders may say of an order; absent in any other."""

OWN_MAILS = frozenset({"order", "colleague"})
"""The templates of mails that no workflow sends."""

TRIGGER_FIELDS: Mapping[str, Kind] = {"threshold": Kind.NUMBER, "event": Kind.TEXT}
"""What templates may say of the trigger that fired."""


class Rulebook:
    """Compiles rules with the workspace's names."""

    def __init__(
        self, vocabulary: Vocabulary, findings: Findings, written: Collection[str], *, knows_signals: bool
    ) -> None:
        """Know the names, and which signals the workspace wrote itself.

        Without its signals (their file cannot be read) it complains of no rule.
        """
        self._vocabulary = vocabulary
        self._written = written
        self._findings = findings
        self._knows_signals = knows_signals

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that rules may use."""
        return self._vocabulary

    def is_signal(self, name: str) -> bool:
        """Tell whether a name is that of a signal, built-in or written."""
        return name in self._vocabulary.signals and name not in self._vocabulary.segments

    def rule(self, leaf: Leaf | None, expects: Kind | None = Kind.BOOLEAN) -> Rule | None:
        """Compile a rule of a kind, None for any; None when there is none or it is wrong, which is noted."""
        if leaf is None:
            return None
        try:
            rule = compile_rule(leaf.text, self._vocabulary, expects=expects)
        except DefinitionError as error:
            self._note(leaf, error)
            return None
        for counter in rule.counters:
            check_event(leaf, counter.event, self._findings)
        return rule

    def rules(self, leaves: tuple[Leaf, ...]) -> tuple[Rule, ...]:
        """Compile rules, leaving out what is wrong."""
        return tuple(rule for leaf in leaves if (rule := self.rule(leaf)) is not None)

    def condition(self, leaf: Leaf | None) -> Condition | None:
        """Compile a condition on an event's properties; None when there is none or it is wrong."""
        if leaf is None:
            return None
        try:
            return compile_condition(leaf.text)
        except DefinitionError as error:
            self._note(leaf, error)
            return None

    def built_in(self, signal: str, expects: Kind = Kind.BOOLEAN, *, is_needed: bool = True) -> Rule | None:
        """Compile the built-in signal of a name, or what the workspace wrote under it; None when wrong.

        What is wrong with a signal the workspace wrote is noted where it is written; what is wrong
        with the built-in one (a trait it reads is declared as something else) is noted here, where it is
        needed.
        """
        try:
            return _compile_built_in(signal, expects, *_names_of(self._vocabulary))
        except DefinitionError as error:
            if is_needed and self._knows_signals and signal not in self._written:
                why = error.problems[0].message
                self._findings.error(
                    Place(SETTINGS),
                    f"expected that the built-in signal {signal} can be asked, but {why}",
                    hint=f"write {signal} in signals.yaml as you mean it, or turn the state {signal} off",
                    code="built-in-signal",
                )
            return None

    def _note(self, leaf: Leaf, error: DefinitionError) -> None:
        """Take over what is wrong with a rule, but not what is wrong with a signal it names."""
        if self._knows_signals:
            self._findings.add(
                placed(problem, leaf) for problem in error.problems if problem.code != "broken-signal"
            )


_Names: TypeAlias = tuple[tuple[str, str], ...]
_Traits: TypeAlias = tuple[tuple[str, tuple[tuple[str, Kind], ...]], ...]


def _names_of(vocabulary: Vocabulary) -> tuple[_Names, frozenset[str], frozenset[str] | None, _Traits]:
    """Give all of a vocabulary that differs between workspaces, as what a result can be kept by."""
    traits = tuple((scope, tuple(names.items())) for scope, names in vocabulary.traits.items())
    return tuple(vocabulary.signals.items()), vocabulary.segments, vocabulary.metrics, traits


# They are the same in nearly every workspace, and the better part of what it takes to compile one.
@lru_cache(maxsize=256)
def _compile_built_in(
    signal: str,
    expects: Kind,
    signals: _Names,
    segments: frozenset[str],
    metrics: frozenset[str] | None,
    traits: _Traits,
) -> Rule:
    declared = {scope: dict(names) for scope, names in traits}
    return compile_rule(
        signal, Vocabulary(dict(signals), segments, metrics, declared, FIELDS), expects=expects
    )


def open_rulebook(
    signals: Record | None,
    segments: Record | None,
    catalog: Catalog | None,
    traits: Mapping[str, Mapping[str, Kind]],
    standard: Mapping[str, StandardSignal],
    findings: Findings,
) -> Rulebook:
    """Give the rulebook of a workspace.

    ``signals`` and ``segments`` None could not be read; ``catalog`` None leaves metrics open. A signal
    that is written takes the place of the ``standard`` one of its name; a segment of a signal's name none.
    """
    written, named = signals or NOTHING_WRITTEN, segments or NOTHING_WRITTEN
    of_signals = {
        **{name: signal.text for name, signal in standard.items()},
        **{name: written.text(name, "true") for name in written.keys},
    }
    of_segments = {
        name: (named.record(name) or NOTHING_WRITTEN).text("rule", "true")
        for name in named.keys
        if name not in of_signals
    }
    vocabulary = Vocabulary(
        signals={**of_signals, **of_segments},
        segments=frozenset(of_segments),
        metrics=None if catalog is None else catalog.metrics,
        traits=traits,
        fields=FIELDS,
    )
    knows_signals = signals is not None and segments is not None
    return Rulebook(vocabulary, findings, written.keys, knows_signals=knows_signals)


def compile_signals(
    written: Record, standard: Mapping[str, StandardSignal], rulebook: Rulebook
) -> Mapping[str, Rule]:
    """Compile ``signals.yaml``: those without problems, by name.

    One that takes the place of a ``standard`` one must be of its kind; any other is true or false.
    """
    kinds = {name: signal.kind for name, signal in standard.items()}
    compiled = {
        name: rulebook.rule(written.leaf(name), kinds.get(name, Kind.BOOLEAN)) for name in written.items
    }
    return {name: rule for name, rule in compiled.items() if rule is not None}


def placed(problem: Problem, leaf: Leaf) -> Problem:
    """Give a rule's problem its place in the file."""
    return msgspec.structs.replace(
        problem, file=leaf.place.file, line=leaf.place.line, column=leaf.place.column
    )


def check_event(leaf: Leaf, name: str, findings: Findings) -> None:
    """Warn of an event that looks like a slip of a fixed event's name."""
    meant = meant_event(name)
    if meant is not None:
        findings.warning(
            leaf.place,
            f"expected an event's name, got {name}, which no source sends under the event table",
            hint=f"did you mean {meant}? If {name} is an event of your own, leave it so",
            code="event-name",
        )
