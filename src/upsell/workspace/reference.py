"""The reference pages of the workspace and of the event table, written from their tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from upsell.clock import DAY, Duration
from upsell.decisions.intents import Intent
from upsell.decisions.policy import SENSITIVE_STATES
from upsell.decisions.reasons import MEANINGS, Reason
from upsell.rules.conditions import Condition
from upsell.signals.event_table import EVENT_TABLE, EventType, Property
from upsell.workspace.files import FILES, FileKind
from upsell.workspace.policy import RULE_STATES
from upsell.workspace.rulebook import FIELDS
from upsell.workspace.shapes import Either, Key, ListOf, MapOf, Named, RecordOf, Scalar, Shape, Variants
from upsell.workspace.standard import Lifecycle, standard_signals
from upsell.workspace.workflow_file import NAMED_SHAPES

GENERATED = (
    "<!-- Written by `python docs/reference/write.py`; change the tables in the source, not this page. -->"
)

_WORKSPACE_HEAD = """\
# The workspace

A workspace is a directory of files, kept in version control: what a team sells, to whom it may
speak, and when. `upsell check WORKSPACE` reads it all and prints every problem with its file and line;
nothing goes live before it is right. `upsell schema --workspace all --write DIR` writes JSON Schemas for
editors.

| file | holds |
| --- | --- |
| `upsell.yaml` | currency, zone, sender, traits and policy; must be there |
| `catalog.yaml` | plans and offers |
| `signals.yaml` | named conclusions |
| `contact_hours.yaml` | counsel's own rows of the [legal contact hours](contact-hours.md) |
| `segments.yaml` | named audiences |
| `queues.yaml` | who takes [tasks](../guides/tasks.md), and how they are given |
| `sources/NAME.yaml` | a system that is connected; see [sources](sources.md) |
| `sinks/NAME.yaml` | a place to which events go; see [sinks](sinks.md) |
| `workflows/<key>.yaml` | one workflow each; the file's name is its key |
| `templates/<name>.mjml` | one mail each, MJML in Liquid; or `.html`, HTML in Liquid |
| `templates/<name>.txt` | its plain text; without it the text is derived from the HTML |
| `templates/<name>.<locale>.mjml` | the same in another language, whatever it ends in |
| `templates/partials/<name>.mjml` | what several share; also `.html` and `.txt`, and by locale |

Files are UTF-8 and read as YAML 1.2 means them (`on`, `off`, `yes` and `no` are text); anchors and merge
keys work. An unknown key, a key written twice and a name that means nothing are errors. Other files beside
these are left alone, among them `.revision`: `apply` and `pull` write into it which revision the directory
was made from, so that nobody applies over what they have not seen. Where it is missing, `--over` says
which one is meant.

**Kinds of values.** A *duration* is a whole number of seconds, minutes, hours, days or weeks: `3 days`. A
*share* is `10%` or `0.1`. A *rule* is a SQL expression over named things. An *amount of money* is in
whole units of the workspace's currency, such as `49` or `49.90`.
"""

_WAIVERS = """\
### Waivers

A [warning](lints.md) that is let stand has its code under `waive`, with a reason, or with a reason and
an end. A waiver changes nothing of what is done, and so no version of a workflow. See
[waivers](../guides/waivers.md).
"""

_WORKSPACE_TAIL = """\
## Values by arm

An experiment varies exactly one thing, and only that may be written by arm, with a value for every arm:
`content` with `vary: message`, `offer` with `vary: offer`, a `wait` with `vary: timing`. With
`vary: audience`, `audience` in the experiment gives the rule each arm adds to `eligible`.

## Templates

A mail begins with its subject, and perhaps a preheader, between two lines of `---`; the rest is MJML or HTML
in Liquid. Values are escaped in HTML and stand as they are in subject and plain text.

```liquid
---
subject: Three ways to make {{ plan.name }} go further
preheader: Ten minutes, nothing to buy
---
<p>Hello {{ customer.name | default: "there" }},</p>
```

Quotes around the whole subject are no part of it. The [guide](../guides/templates.md) tells of MJML, partials
and languages; every name and filter is in [what templates may say](templates.md). A name outside these is a
problem. A mail in which one of them has no value is not sent, so guard what may be missing:
`{{ customer.name | default: "there" }}`, `{% if offer.title %}`.
"""

_EVENTS_HEAD = """\
# Events

The fixed names of events, to which every source maps. Events of a team's own go by any other name and
carry what they like. A property marked *required* is what the event says: an event without it is kept as it
came, and cannot mean what its name says. Amounts are whole numbers in minor units of their currency. Events
recorded by Upsell itself are refused when they come from outside.
"""


def workspace_page() -> str:
    """Write the reference page of every file and key."""
    parts = [GENERATED, "", _WORKSPACE_HEAD]
    for kind in FileKind:
        parts.append(f"## {FILES[kind].path}\n\n{FILES[kind].meaning}\n")
        parts.extend(shape_tables(FILES[kind].shape, ""))
        if kind is FileKind.SETTINGS:
            parts.append(_built_in_states())
        if kind is FileKind.SIGNALS:
            parts.append(_standard())
            parts.append(_fields())
    parts.append("### Steps\n\nA step is one of these, or the word `end`, which leaves the journey.\n")
    parts.extend(shape_tables(NAMED_SHAPES["step"], "step"))
    parts.append(_WAIVERS)
    parts.extend(shape_tables(NAMED_SHAPES["waiver"], "waive.<code>"))
    parts.append(_WORKSPACE_TAIL)
    return "\n".join(parts)


def events_page() -> str:
    """Write the reference page of the event table."""
    parts = [GENERATED, "", _EVENTS_HEAD]
    for group, events in groupby(EVENT_TABLE.values(), key=lambda event: event.group):
        parts.append(f"## {group}\n")
        parts.extend(_event(event) for event in events)
    return "\n".join(parts)


def shape_tables(shape: Shape, path: str) -> Iterator[str]:
    """Write a table for each record that a shape holds, outermost first; named shapes are left out."""
    match shape:
        case RecordOf():
            yield _table(shape, path)
            for name, alike in _by_shape(shape):
                yield from shape_tables(alike, f"{path}.{name}" if path else name)
        case MapOf():
            if isinstance(shape.each, Scalar) and not path:
                yield f"Each line is {shape.key.expected}, and {shape.each.expected}.\n"
            yield from shape_tables(shape.each, f"{path}.<{shape.name}>" if path else f"<{shape.name}>")
        case ListOf():
            yield from shape_tables(shape.each, f"{path}[]")
        case Either():
            for way in shape.ways:
                yield from shape_tables(way, path)
        case Variants():
            for case in shape.cases.values():
                yield from shape_tables(case, path)
        case Scalar() | Named():
            pass


def _by_shape(shape: RecordOf) -> Iterator[tuple[str, Shape]]:
    """Give the shapes under a record's keys, keys of one and the same shape together."""
    names: dict[int, list[str]] = {}
    for name, key in shape.keys.items():
        names.setdefault(id(key.shape), []).append(name)
    for alike in names.values():
        yield "|".join(alike), shape.keys[alike[0]].shape


def _table(shape: RecordOf, path: str) -> str:
    """Write the keys of one record."""
    rows = "\n".join(_row(name, key) for name, key in shape.keys.items())
    head = f"`{path}`\n\n" if path else ""
    return f"{head}| key | value | meaning |\n| --- | --- | --- |\n{rows}\n"


def _row(name: str, key: Key) -> str:
    """Write one key."""
    needed = " *(required)*" if key.is_required else ""
    return f"| `{name}`{needed} | {_named(key.shape)} | {key.meaning} |"


def _named(shape: Shape) -> str:
    """Say in a few words what a value is."""
    match shape:
        case Scalar():
            return " or ".join(f"`{word}`" for word in shape.choices) or shape.name
        case ListOf(each=Named(name="step")):
            return "list of steps"
        case ListOf():
            return f"list: {_named(shape.each)}"
        case MapOf():
            return f"{_named(shape.each)} by {shape.name}"
        case RecordOf():
            return "keys below"
        case Variants():
            return " or ".join(f"`{word}`" for word in shape.words)
        case Either():
            return " or ".join(_named(way) for way in shape.ways)
        case Named():
            return _named(NAMED_SHAPES[shape.name])


def _built_in_states() -> str:
    """Write the sensitive states that hold unless the policy says otherwise."""
    by_events = [
        f"| `{state.name}` | {', '.join(state.starts)}{_where(state.where)} "
        f"| {', '.join(state.ends) or 'at once'}{_longest(state.longest)} | {state.cool_down // DAY} days "
        f"| {_stopped(state.stops)} |"
        for state in SENSITIVE_STATES
    ]
    by_rule = [
        f"| `{name}` | when the signal `{name}` is true | with the signal | in the signal "
        f"| {_stopped(stops)} |"
        for name, stops in RULE_STATES.items()
    ]
    rows = "\n".join([*by_events, *by_rule])
    return (
        "Built-in sensitive states, on unless turned `off`:\n\n"
        f"| state | starts at | ends at | cool-down | stops |\n| --- | --- | --- | --- | --- |\n{rows}\n"
    )


def _longest(longest: Duration | None) -> str:
    """Write after how long a state ends when nobody says that it has."""
    return f", or {longest // DAY} days after" if longest is not None else ""


def _where(condition: Condition | None) -> str:
    """Write what a starting event must say."""
    return f" where `{condition.text}`" if condition is not None else ""


def _stopped(intents: Iterable[Intent]) -> str:
    """Write the intents a state stops."""
    return ", ".join(sorted(intent.value for intent in intents))


def _standard() -> str:
    """Write the built-in signals."""
    rows = "\n".join(
        f"| `{name}` | {signal.kind.value} | {signal.meaning} | `{signal.text}` |"
        for name, signal in standard_signals(Lifecycle()).items()
    )
    return (
        "Signals that every rule may name. A signal of the same name in `signals.yaml` takes its place, and "
        "`lifecycle` in `upsell.yaml` moves the boundaries.\n\n"
        f"| signal | kind | meaning | as usual |\n| --- | --- | --- | --- |\n{rows}\n"
    )


def _fields() -> str:
    """Write the fields of closed scopes."""
    rows = "\n".join(
        f"| `{scope}.{name}` | {kind.value} |"
        for scope, kinds in FIELDS.items()
        for name, kind in kinds.items()
    )
    return (
        "Beside traits (`customer.*`, `account.*`), rules know these fields. Money is in minor units; "
        "`plan.price`, `subscription.mrr`, `fit.price` and `fit.saving` are per month.\n\n"
        f"| field | kind |\n| --- | --- |\n{rows}\n"
    )


def _event(event: EventType) -> str:
    """Write one event with its properties."""
    ours = " Recorded by Upsell itself." if event.is_ours else ""
    head = f"### {event.name}\n\n{event.meaning}{ours}\n"
    if not event.properties:
        return head
    rows = "\n".join(_property(each) for each in event.properties)
    return f"{head}\n| property | kind | meaning |\n| --- | --- | --- |\n{rows}\n"


def _property(each: Property) -> str:
    """Write one property."""
    needed = " *(required)*" if each.is_required else ""
    kind = "any" if each.kind is None else each.kind.value
    return f"| `{each.name}`{needed} | {kind} | {each.meaning} |"


def reasons_page() -> str:
    """Give the page of reasons: every answer a unit can get, with its meaning."""
    head = [
        GENERATED,
        "",
        "# Reasons",
        "",
        "Silence has a reason. Every answer of a workflow to a unit is one of these, in the ledger of",
        "decisions, in `upsell explain`, in reports and in a backtest. `rule` beside it names what decided,",
        "and `seen` the values it saw.",
        "",
        "| reason | meaning |",
        "| --- | --- |",
    ]
    return "\n".join([*head, *(f"| `{reason.value}` | {MEANINGS[reason]} |" for reason in Reason), ""])
