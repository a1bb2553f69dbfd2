"""Diagnosis: findings about what comes in and what is made of it, each with what to do.

Every check is a small function of what was examined; ``CHECKS`` is the list of them, and of its page
in the reference. The law: a check reads counts and names, never a person's values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.channels.breaker import Standing
from upsell.channels.mime import is_address
from upsell.channels.scanners import MEANINGS, Sign
from upsell.clock import DAY, HOUR, MINUTE, Moment, to_datetime
from upsell.decisions.guardrails import Action
from upsell.journeys.actors import ACTOR_PROPERTIES
from upsell.measurement.shares import Share
from upsell.money import Money
from upsell.runtime.examined import LOOKED_BACK, Examined, Finding, Severity, changed_kinds
from upsell.runtime.kafka_findings import find_behind, find_read, find_stopped, find_unread
from upsell.runtime.learning import CONSENT, MISSING, MOST_PROPERTIES
from upsell.runtime.mail_desk import Hook
from upsell.runtime.refusal_advice import conflict_advice, refused_advice
from upsell.runtime.sink_findings import find_behind as find_late
from upsell.runtime.sink_findings import find_closed, find_dead, find_failing, find_gone, find_unheard
from upsell.runtime.source_standing import standing_words
from upsell.signals.event_table import EVENT_TABLE, meant_event
from upsell.signals.events import (
    FEATURE_GATE_HIT,
    MILESTONE_REACHED,
    OFFER_ACCEPTED,
    OFFER_DECLINED,
    PROMPT_CLICKED,
    PROMPT_DISMISSED,
    PROMPT_SHOWN,
)
from upsell.sources.bounds import LARGEST_BATCH
from upsell.store.guardrails import NoticeState
from upsell.store.links import VisitKind
from upsell.store.reported import Outcome

_UNLIKELY = 1e-3
_MAIL_HOOKS = frozenset(hook.value for hook in Hook)

FAILED_OFTEN = 5
"""From how many failures in a row on a query that is put to a warehouse is an error."""

_TOLD_HERE = frozenset(
    {FEATURE_GATE_HIT, OFFER_ACCEPTED, OFFER_DECLINED, PROMPT_CLICKED, PROMPT_DISMISSED, PROMPT_SHOWN}
)
"""What our own pages and prompts record, though a source may send it too: nobody can stop sending it."""

TRAINED = 0.2
"""From which share of buyers on, by the lower end of its interval, customers have learned to wait."""


class Check(msgspec.Struct, frozen=True):
    """One check: the codes of its findings, what it looks for, and the function that finds it."""

    codes: tuple[str, ...]
    looks_for: str
    find: Callable[[Examined], Iterator[Finding]]


def diagnose(examined: Examined, checks: Iterable[Check] | None = None) -> tuple[Finding, ...]:
    """Give all findings, the worst first, of every check or of some; () when nothing is the matter."""
    order = list(Severity)
    found = [finding for check in checks or CHECKS for finding in check.find(examined)]
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def _nothing_live(examined: Examined) -> Iterator[Finding]:
    if examined.program is None:
        yield Finding(
            "nothing-live", Severity.ERROR, "workspace",
            "no workspace is live, so nothing is decided",
            "write one and run `upsell apply WORKSPACE`",
        )  # fmt: skip


def _no_events(examined: Examined) -> Iterator[Finding]:
    if not examined.kinds:
        yield Finding(
            "no-events", Severity.ERROR, "ledger",
            "no event has come yet",
            "send events to /v1/batch, or import a file with `upsell import --events FILE`",
        )  # fmt: skip


def _worker_behind(examined: Examined) -> Iterator[Finding]:
    since = examined.behind_since
    if since is not None and examined.now - since > 5 * MINUTE:
        waited = (examined.now - since) / HOUR
        severity = Severity.ERROR if waited > 1 else Severity.WARNING
        yield Finding(
            "worker-behind", severity, "worker",
            f"{examined.behind:,} places are not taken, the oldest for {_span(examined.now - since)}",
            "start `upsell worker` or `upsell up`; if one runs, read its log for an error that stops it",
        )  # fmt: skip


def _messages_unknown(examined: Examined) -> Iterator[Finding]:
    unknown = examined.messages.get("unknown", 0)
    if unknown:
        yield Finding(
            "messages-unknown", Severity.WARNING, "mail",
            f"of {unknown:,} messages it is not known whether the mail server took them; they count as sent",
            "`upsell outbox reconcile` asks what became of each; look up the rest at the provider, then say "
            "`upsell outbox settle KEY --sent` or `--not-sent`; none is sent again while that is not known",
        )  # fmt: skip


def _mail_provider_away(examined: Examined) -> Iterator[Finding]:
    seen: set[str] = set()
    for told in examined.providers:
        known = told.known
        if known.standing is Standing.CLOSED or known.provider in seen:
            continue
        seen.add(known.provider)
        tried = "tried again now" if known.free_at is None else f"tried again at {_minute(known.free_at)}"
        yield Finding(
            "mail-provider-away", Severity.WARNING, known.provider,
            f"it failed {known.failures:,} times in a row and is left alone ({known.standing.value}), "
            f"{tried}: {known.reason[:160]}",
            "mend what it says; meanwhile mail goes to the next provider, or waits and loses nothing",
        )  # fmt: skip


def _messages_failed(examined: Examined) -> Iterator[Finding]:
    for channel, reason, count in examined.failures:
        yield Finding(
            "messages-failed", Severity.WARNING, channel,
            f"{count:,} messages failed for good in {LOOKED_BACK} days: {reason[:160]}",
            "mend what the reason names; what failed is not sent again, and its journey went on",
        )  # fmt: skip


def _machines_came(examined: Examined) -> Iterator[Finding]:
    """Of clicks and opens each, how many were machines' and by what that showed."""
    words = {VisitKind.CLICK: "clicks", VisitKind.OPEN: "opens"}
    for kind, name in words.items():
        told = [(verdict, count) for each, verdict, count in examined.visits if each is kind]
        machines = [(verdict, count) for verdict, count in told if verdict]
        if machines:
            whys = "; ".join(
                f"{count:,} {verdict} ({MEANINGS[Sign(verdict)]})" for verdict, count in machines
            )
            total, all_came = sum(count for _, count in machines), sum(count for _, count in told)
            yield Finding(
                "machine-visits", Severity.NOTE, name,
                f"{total:,} of {all_came:,} in {LOOKED_BACK} days were machines': {whys}",
                "nothing need be done: they are no events, so no journey, rule or metric counts them",
            )  # fmt: skip


def _hook_forged(examined: Examined) -> Iterator[Finding]:
    for each in examined.hooks:
        if each.outcome is Outcome.FORGED:
            yield Finding(
                "hook-forged", Severity.WARNING, f"/hooks/{each.hook}",
                f"{each.count:,} requests in {LOOKED_BACK} days did not prove who they came from, the last "
                f"on {_day(each.last_at)}; nothing of them was taken",
                "if it is whom you expect, the secret here is not the one they use; see "
                f"docs/guides/{_guide_of(each.hook)}.md",
            )  # fmt: skip


def _guide_of(hook: str) -> str:
    """Give the guide that tells of a hook's secret."""
    if hook.partition("/")[0] == "twilio":
        return "texts"
    return "bounces" if hook in _MAIL_HOOKS else "sources"


def _hook_closed(examined: Examined) -> Iterator[Finding]:
    for each in examined.hooks:
        if each.outcome is Outcome.CLOSED:
            yield Finding(
                "hook-closed", Severity.WARNING, f"/hooks/{each.hook}",
                f"{each.count:,} requests in {LOOKED_BACK} days came while its source was closed, the last "
                f"on {_day(each.last_at)}; nothing of them was taken",
                "set the variable that its file names where the server runs and start the server again "
                "(`upsell sources list` says which); then have the vendor send them again",
            )  # fmt: skip


def _hook_unread(examined: Examined) -> Iterator[Finding]:
    for each in examined.hooks:
        if each.outcome is Outcome.UNREAD:
            yield Finding(
                "hook-unread", Severity.WARNING, f"/hooks/{each.hook}",
                f"{each.count:,} requests in {LOOKED_BACK} days were too large, or not packed as they said, "
                f"the last on {_day(each.last_at)}; nothing of them was taken",
                f"let the vendor send at most {LARGEST_BATCH:,} bytes at a time, plain or with gzip",
            )  # fmt: skip


def _reports_foreign(examined: Examined) -> Iterator[Finding]:
    for each in examined.hooks:
        if each.outcome is Outcome.FOREIGN:
            yield Finding(
                "reports-foreign", Severity.NOTE, each.hook,
                f"{each.count:,} reports in {LOOKED_BACK} days were about no message of ours, the last on "
                f"{_day(each.last_at)}",
                "harmless where others send through the same account; if all are ours, see that the provider "
                "hands over Message-ID or metadata: docs/guides/bounces.md",
            )  # fmt: skip


def _guardrail_broken(examined: Examined) -> Iterator[Finding]:
    for breach in examined.breaches:
        is_paused = breach.action is Action.PAUSE
        what = "paused by a guardrail" if is_paused else "beyond a guardrail"
        told = f"its owner was told ({breach.notice_to})"
        if breach.notice is not NoticeState.SENT:
            told = f"the notice to its owner is {breach.notice.value}"
            told += f": {breach.notice_detail}" if breach.notice_detail else ""
        yield Finding(
            "guardrail-broken", Severity.ERROR if is_paused else Severity.WARNING, breach.workflow,
            f"{what} since {_day(breach.found_at)}: {breach.words}; {told}",
            f"mend what people were sent, then run `upsell guardrail resume {breach.workflow} --why TEXT`",
        )  # fmt: skip


def _owner_unreached(examined: Examined) -> Iterator[Finding]:
    owners = examined.program.owners if examined.program is not None else {}
    for key, owner in sorted(owners.items()):
        if not is_address(owner):
            named = f"its owner {owner} is no mail address" if owner else "it names no owner"
            yield Finding(
                "owner-unreached", Severity.WARNING, key,
                f"{named}, so nobody is mailed when a guardrail of it is broken, or what it did in the week",
                f"write owner: with an address such as growth@example.com in workflows/{key}.yaml, and apply",
            )  # fmt: skip


def _sending_stopped(examined: Examined) -> Iterator[Finding]:
    for stop in examined.stops:
        waiting = examined.waiting.get(stop.number, 0)
        option = f" --channel {stop.channel}" if stop.channel else ""
        option = f" --workflow {stop.workflow}" if stop.workflow else option
        yield Finding(
            "sending-stopped", Severity.ERROR, stop.channel or stop.workflow or "everything",
            f"stopped by {stop.by} since {_day(stop.started_at)}: {stop.because}; {waiting:,} waiting",
            f"when what was wrong is mended, run `upsell resume{option} --because TEXT`",
        )  # fmt: skip


def _event_never_came(examined: Examined) -> Iterator[Finding]:
    events = examined.events()
    if examined.program is None or not examined.kinds:
        return
    for workflow, names in sorted(examined.program.awaited.items()):
        for name in sorted(names):
            if _is_ours(name, examined.program.catalog):
                continue
            seen = events.get(_scope_of(name))
            if seen is None:
                yield Finding(
                    "event-never-came", Severity.WARNING, workflow,
                    f"it needs {name}, which never came",
                    "send it, or check its spelling against `upsell schema`",
                )  # fmt: skip
            elif seen.last_at < examined.now - 30 * DAY:
                yield Finding(
                    "event-never-came", Severity.WARNING, workflow,
                    f"it needs {name}, which came last on {_day(seen.last_at)}",
                    "see whether its source still sends it",
                )  # fmt: skip


def _event_unread(examined: Examined) -> Iterator[Finding]:
    if examined.program is None:
        return
    for name, seen in sorted(examined.events().items()):
        is_sent = seen.scope.startswith("event ") and name not in _TOLD_HERE
        if is_sent and name not in examined.program.read:
            yield Finding(
                "event-unread", Severity.NOTE, name,
                f"it came {seen.count:,} times and no rule reads it",
                "use it in a rule, or stop sending it to save room",
            )  # fmt: skip


def _name_slip(examined: Examined) -> Iterator[Finding]:
    for name, seen in sorted(examined.events().items()):
        meant = meant_event(name) if seen.scope.startswith("event ") else None
        if meant is not None:
            yield Finding(
                "name-slip", Severity.WARNING, name,
                f"it came {seen.count:,} times and looks like {meant}, which means something by itself",
                f"send it as {meant}, or leave it so if it is an event of your own",
            )  # fmt: skip


def _property_missing(examined: Examined) -> Iterator[Finding]:
    events = examined.events()
    for each in examined.kinds:
        if each.kind == MISSING:
            name = each.scope.removeprefix("event ")
            whole = events[name].count
            yield Finding(
                "property-missing", Severity.WARNING, name,
                f"{each.property} was missing in {each.count:,} of {whole:,}, last on {_day(each.last_at)}",
                f"send {each.property}: without it the event says nothing; see the event table",
            )  # fmt: skip


def _property_never_came(examined: Examined) -> Iterator[Finding]:
    if examined.program is None:
        return
    events = examined.events()
    came: dict[str, set[str]] = {}
    for each in examined.kinds:
        if each.property and each.kind != MISSING:
            came.setdefault(each.scope.removeprefix("event "), set()).add(each.property)
    for reader, read in sorted(examined.program.properties.items()):
        for event, name in sorted(read):
            of_event = came.get(_scope_of(event), set())
            # Of an event that never came that is said; of one with too many names not all are known.
            is_known = _scope_of(event) in events and len(of_event) < MOST_PROPERTIES
            if is_known and name not in of_event and name not in ACTOR_PROPERTIES:
                yield Finding(
                    "property-never-came", Severity.WARNING, reader,
                    f"it counts {event} by {name}, which none of them ever had",
                    f"send {name} with {event}, or check its spelling against `upsell schema`",
                )  # fmt: skip


def _value_unknown(examined: Examined) -> Iterator[Finding]:
    if examined.program is None:
        return
    catalog = examined.program.catalog
    features = {name for plan in catalog.plans.values() for name in plan.features}
    features |= {name for product in catalog.products.values() for name in product.features}
    known = {"plan": frozenset(catalog.plans), "metric": catalog.metrics, "feature": frozenset(features)}
    for seen in examined.values:
        if seen.field in known and seen.value not in known[seen.field]:
            yield Finding(
                f"{seen.field}-unknown", Severity.WARNING, seen.value,
                f"the {seen.field} {seen.value} came {seen.count:,} times and is not in the catalog",
                f"add it to catalog.yaml, or send the id the catalog has: {_listed(known[seen.field])}",
            )  # fmt: skip


def _consent_unread(examined: Examined) -> Iterator[Finding]:
    for seen in examined.values:
        if seen.field == CONSENT:
            yield Finding(
                "consent-unread", Severity.WARNING, seen.value,
                f"consents about {seen.value} came {seen.count:,} times, last on {_day(seen.last_at)}; "
                "withdrawn, they hold for all they might mean; given, they are a ground for nothing",
                "send a channel (email, sms, push or * for all) and a purpose (marketing or profiling)",
            )  # fmt: skip


def _type_changed(examined: Examined) -> Iterator[Finding]:
    for (scope, name), kinds in sorted(changed_kinds(examined.kinds).items()):
        told = ", then ".join(f"{each.kind} ({each.count:,}, since {_day(each.first_at)})" for each in kinds)
        owner = scope.removeprefix("event ")
        yield Finding(
            "type-changed", Severity.WARNING, f"{owner}.{name}",
            f"it came as {told}; a rule that asks for one of them sees null in the others",
            "send one kind; a number in quotes is a text",
        )  # fmt: skip


def _names_full(examined: Examined) -> Iterator[Finding]:
    if examined.is_full:
        yield Finding(
            "names-full", Severity.WARNING, "events",
            "more different names of events or properties came than are kept",
            "put ids into properties' values, not into names",
        )  # fmt: skip


def _source_silent(examined: Examined) -> Iterator[Finding]:
    today = examined.now // DAY
    by_source: dict[str, dict[int, int]] = {}
    for seen in examined.days:
        days = by_source.setdefault(seen.source, {})
        days[seen.day] = days.get(seen.day, 0) + seen.count
    for source, days in sorted(by_source.items()):
        last = max(days)
        silent = today - last - 1
        if silent < 1 or silent > LOOKED_BACK:
            continue
        window = [day for day in days if last - LOOKED_BACK < day <= last]
        # A day is silent by chance with the share of days that were, one of each counted beforehand.
        chance = (1 - (len(window) + 0.5) / (LOOKED_BACK + 1)) ** silent
        if chance < _UNLIKELY or (silent >= 2 and len(window) == LOOKED_BACK):
            sent = sum(days[day] for day in window) // max(1, len(window))
            before = f"{len(window)} of {LOOKED_BACK} days with about {sent:,} events"
            yield Finding(
                "source-silent", Severity.WARNING, source,
                f"nothing for {silent} whole days, after {before}",
                "see whether the source is down or its key was revoked",
            )  # fmt: skip


def _clock_off(examined: Examined) -> Iterator[Finding]:
    late: dict[str, list[int]] = {}
    for seen in examined.days:
        sums = late.setdefault(seen.source, [0, 0])
        sums[0] += seen.count
        sums[1] += seen.late
    for source, (count, behind) in sorted(late.items()):
        if count >= 50 and behind > 0.2 * count:
            yield Finding(
                "clock-off", Severity.WARNING, source,
                f"{behind:,} of {count:,} events happened a day or more before they came; they start nothing",
                "send events as they happen; send the past with historical: true; check the sender's clock",
            )  # fmt: skip


def _repeated(examined: Examined) -> Iterator[Finding]:
    sent: dict[str, int] = {}
    for seen in examined.days:
        if seen.day > examined.now // DAY - LOOKED_BACK:
            sent[seen.source] = sent.get(seen.source, 0) + seen.count
    for source, outcome, count in examined.repeats:
        if outcome == "conflict":
            yield Finding(
                "id-conflict", Severity.WARNING, source,
                f"{count:,} events came under the id of another event in {LOOKED_BACK} days and were refused",
                conflict_advice(source, _sort_of(examined, source)),
            )  # fmt: skip
        elif count > 0.5 * max(sent.get(source, 0), 100):
            yield Finding(
                "duplicates", Severity.NOTE, source,
                f"{count:,} events came again in {LOOKED_BACK} days, beside {sent.get(source, 0):,} new ones",
                "harmless, but somebody sends everything twice",
            )  # fmt: skip


def _refused(examined: Examined) -> Iterator[Finding]:
    for each in examined.refused:
        yield Finding(
            "refused", Severity.WARNING, each.source,
            f"{each.count:,} items refused as {each.code} in {LOOKED_BACK} days, the last on "
            f"{_day(each.last_at)}: {each.message[:160]}",
            refused_advice(each, _sort_of(examined, each.source)),
        )  # fmt: skip


def _queries(examined: Examined) -> Iterator[Finding]:
    for each in examined.queries:
        is_failing = each.run is not None and each.run.failures > 0
        is_late = each.next_at is not None and examined.now - each.next_at > HOUR
        severity = (
            Severity.ERROR
            if is_failing and each.run is not None and each.run.failures >= FAILED_OFTEN
            else Severity.WARNING
            if is_failing or is_late
            else Severity.NOTE
        )
        advice = (
            f"put right what it says, then `upsell sources sync {each.name}`; what it told before still holds"
            if is_failing
            else "start `upsell up` or `upsell worker`, which ask it"
            if is_late
            else "nothing need be done"
        )
        code = "query-failed" if is_failing else "query-late" if is_late else "query-run"
        yield Finding(code, severity, each.name, standing_words(each), advice)


def _customers_alone(examined: Examined) -> Iterator[Finding]:
    people = examined.population
    alone = people.customers - people.in_account
    if people.accounts and alone > 0.2 * people.customers:
        yield Finding(
            "customers-alone", Severity.WARNING, "customers",
            f"{alone:,} of {people.customers:,} belong to none of the {people.accounts:,} accounts",
            "send group (Account Identified) with both ids when somebody joins an account",
        )  # fmt: skip


def _trait_empty(examined: Examined) -> Iterator[Finding]:
    for (scope, name), share in sorted(examined.filled.items()):
        if share < 0.5:
            yield Finding(
                "trait-empty", Severity.WARNING if share < 0.05 else Severity.NOTE, f"{scope}.{name}",
                f"{share:.0%} of {scope}s have it, and rules read it; without it they are not true",
                "send it with identify or group, or give the rule a value for the case with coalesce",
            )  # fmt: skip


def _discount_trained(examined: Examined) -> Iterator[Finding]:
    found = examined.discounts
    share = found.all.share if found is not None else None
    if found is not None and isinstance(share, Share) and share.low > TRAINED:
        period = round((found.until - found.since) / DAY)
        yield Finding(
            "discount-trained", Severity.WARNING, "discounts",
            f"{found.all.waited:,} of {found.all.buyers:,} who bought in {period} days had waited for a "
            f"discount: {share.estimate:.0%} (95 %: {share.low:.0%} to {share.high:.0%})",
            "give fewer to who looked before: pricing.rest and ladder in upsell.yaml; see `upsell discounts`",
        )  # fmt: skip


def _budget_spent(examined: Examined) -> Iterator[Finding]:
    for use in examined.discounts.budgets if examined.discounts is not None else ():
        if use.ran_out_at is not None:
            budget, still = Money(use.budget, use.currency), Money(use.open, use.currency)
            rest = f"; {still} that was shown may still be taken" if use.open else ""
            yield Finding(
                "budget-spent", Severity.NOTE, use.workflow,
                f"its discount budget of {budget} is spent since {_day(use.ran_out_at)}{rest}",
                "raise discount_budget, or let it be: offers without a discount still go",
            )  # fmt: skip


def _acceptance_unplaced(examined: Examined) -> Iterator[Finding]:
    if examined.unplaced:
        yield Finding(
            "acceptance-unplaced", Severity.WARNING, "Offer Accepted",
            f"{examined.unplaced:,} in {LOOKED_BACK} days say no key that showed the offer and no workflow; "
            "discount budgets do not count them",
            "send the key of the prompt, message or task that showed the offer",
        )  # fmt: skip


CHECKS: tuple[Check, ...] = (
    Check(("nothing-live",), "no workspace is live", _nothing_live),
    Check(("no-events",), "no event has come yet", _no_events),
    Check(
        ("worker-behind",),
        "what the worker has not taken for five minutes; an error after an hour",
        _worker_behind,
    ),
    Check(("messages-unknown",), "messages that the mail server may have taken or not", _messages_unknown),
    Check(
        ("mail-provider-away",),
        "a mail provider failed so often in a row that it is left alone for a while",
        _mail_provider_away,
    ),
    Check(("messages-failed",), "messages that failed for good in the last 14 days", _messages_failed),
    Check(
        ("sending-stopped",), "somebody stopped sending by hand and nobody has let it go on", _sending_stopped
    ),
    Check(
        ("hook-forged",),
        "requests to a webhook that did not prove who they came from, in the last 14 days",
        _hook_forged,
    ),
    Check(
        ("hook-closed",),
        "requests to a source whose secret is not set, in the last 14 days",
        _hook_closed,
    ),
    Check(
        ("hook-unread",),
        "requests to a source that were too large or could not be unpacked, in the last 14 days",
        _hook_unread,
    ),
    Check(
        ("reports-foreign",),
        "reports of mail that were about no message of ours, in the last 14 days",
        _reports_foreign,
    ),
    Check(
        ("guardrail-broken",),
        "a guardrail was broken and nobody has let the workflow go on since; an error where it is paused",
        _guardrail_broken,
    ),
    Check(
        ("owner-unreached",),
        "a workflow's owner is no mail address, so that neither notices of guardrails nor the weekly mail"
        " reach anybody",
        _owner_unreached,
    ),
    Check(
        ("event-never-came",),
        "a workflow or segment needs an event that never came, or not for 30 days",
        _event_never_came,
    ),
    Check(("name-slip",), "an event's name looks like a slip of a fixed one", _name_slip),
    Check(("property-missing",), "a fixed event came without a property it needs", _property_missing),
    Check(
        ("property-never-came",),
        "a workflow or segment counts an event by a property that none of them ever had",
        _property_never_came,
    ),
    Check(
        ("plan-unknown", "metric-unknown", "feature-unknown"),
        "a plan or metric that the catalog lacks, or a feature that was reached for and nothing sold has",
        _value_unknown,
    ),
    Check(("consent-unread",), "consents in words that are not known", _consent_unread),
    Check(("type-changed",), "a property or trait came in more than one kind", _type_changed),
    Check(("names-full",), "more names came than are kept", _names_full),
    Check(
        ("source-silent",),
        "a source has been silent for so many whole days that, by its share of silent days in the 14 days"
        " before, chance explains less than one in a thousand such cases; or for two after 14 without one",
        _source_silent,
    ),
    Check(
        ("kafka-stopped",),
        "an offset that a source of Kafka stands at is not there any more, so a person decides",
        find_stopped,
    ),
    Check(
        ("kafka-unread",),
        "a source of Kafka, or some of its partitions, was not read in the last 2 minutes",
        find_unread,
    ),
    Check(
        ("kafka-behind",),
        "there are more messages, and the last that was read of a partition is over 5 minutes old",
        find_behind,
    ),
    Check(
        ("sink-closed",),
        "a sink cannot be opened: its secret is not set, or not such as it takes",
        find_closed,
    ),
    Check(("sink-gone",), "a sink answered 410: nobody is there any more", find_gone),
    Check(
        ("sink-failing",),
        "a sink failed five times in a row or more, so that it is left alone, for longer each time",
        find_failing,
    ),
    Check(
        ("sink-behind",),
        "there is more in the ledger, and a sink has not moved for 5 minutes",
        find_late,
    ),
    Check(
        ("sink-dead",),
        "parcels that a sink did not take in ten attempts over three days",
        find_dead,
    ),
    Check(
        ("desk-unheard",),
        "a desk could not be asked which tasks were closed there, so that outcomes are missing",
        find_unheard,
    ),
    Check(("clock-off",), "over a fifth of a source's events (of at least 50) came a day late", _clock_off),
    Check(
        ("id-conflict", "duplicates"),
        "events under the id of another; as many events again as half of the new ones",
        _repeated,
    ),
    Check(("refused",), "items were refused, or kept aside, in the last 14 days", _refused),
    Check(
        ("query-failed", "query-late", "query-run"),
        "how each query that is put to a warehouse stands: its last run failed, an error after five in a row;"
        " it is due for over an hour; or when it ran, with how many rows, and when it runs next",
        _queries,
    ),
    Check(
        ("customers-alone",),
        "more than a fifth of customers in no account, where there are any",
        _customers_alone,
    ),
    Check(("trait-empty",), "a trait that rules read is filled for less than half", _trait_empty),
    Check(
        ("discount-trained",),
        "more than a fifth of those who bought in a year had waited for a discount, by the lower end of the"
        " 95 % interval; `upsell discounts` says what that means",
        _discount_trained,
    ),
    Check(
        ("acceptance-unplaced",),
        "offers with a discount were taken and nothing says through which workflow, where one has a budget",
        _acceptance_unplaced,
    ),
    Check(("budget-spent",), "a workflow's discount budget is spent", _budget_spent),
    Check(
        ("machine-visits",),
        "clicks and opens in the last 14 days that were machines', by what showed it; they count for nothing",
        _machines_came,
    ),
    Check(
        ("kafka-read",),
        "how a source of Kafka stands in each partition: how far behind, its last message, refusals",
        find_read,
    ),
    Check(("event-unread",), "an event that no rule reads", _event_unread),
)
"""Every check, in the order in which findings of one severity are told."""

INCOMING: Final = tuple(
    each
    for each in CHECKS
    if each.find
    in (
        _event_never_came, _name_slip, _property_missing, _property_never_came, _value_unknown,
        _consent_unread, _type_changed, _names_full, _source_silent, _clock_off, _repeated, _refused,
        _queries, _trait_empty, _event_unread,
    )
)  # fmt: skip
"""The checks of what comes in."""


def _is_ours(name: str, catalog: Catalog) -> bool:
    """Whether an event is recorded here: always, or where a metric has milestones."""
    if name == MILESTONE_REACHED:
        return any(metric.milestones for metric in catalog.described.values())
    fixed = EVENT_TABLE.get(name)
    return fixed is not None and fixed.is_ours


def _sort_of(examined: Examined, source: str) -> str:
    return examined.program.sources.get(source, "") if examined.program is not None else ""


def _scope_of(name: str) -> str:
    """Give the name an event is seen under: those that carry traits go by their scope."""
    return {"Customer Identified": "customer", "Account Identified": "account"}.get(name, name)


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"


def _day(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d}"


def _span(length: int) -> str:
    hours = length / HOUR
    return (
        f"{hours / 24:.0f} days"
        if hours >= 48
        else f"{hours:.0f} hours"
        if hours >= 2
        else f"{hours * 60:.0f} minutes"
    )


def _listed(names: frozenset[str]) -> str:
    shown = sorted(names)[:8]
    return ", ".join(shown) + (" and more" if len(names) > 8 else "") if shown else "none"
