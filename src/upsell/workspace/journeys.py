"""Journeys: written steps compiled to a flat journey, each held to what it may name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from upsell.clock import DAY, Duration
from upsell.decisions.intents import SELLING, Intent
from upsell.decisions.reach import CHANNELS
from upsell.journeys.steps import (
    Asked,
    Blocked,
    ChooseStep,
    EndStep,
    GoStep,
    Heard,
    IfStep,
    Journey,
    MessageStep,
    PromptKind,
    PromptStep,
    SplitStep,
    Step,
    TaskStep,
    TrialStep,
    UpdateStep,
    WaitDateStep,
    WaitForStep,
    WaitStep,
    WaitTimeStep,
    WaitUntilStep,
    WebhookStep,
)
from upsell.journeys.workflow import UnitKind, Vary
from upsell.rules.kinds import Kind
from upsell.workspace.definitions import Definitions
from upsell.workspace.documents import CATALOG, QUEUES, SETTINGS, TEMPLATES
from upsell.workspace.editions import is_time_after
from upsell.workspace.experiments import ArmValues
from upsell.workspace.items import NOTHING_WRITTEN, Item, Leaf, Record
from upsell.workspace.named_steps import NamedStep, asked_by, name_steps, note_unnamed
from upsell.workspace.offers import compile_objections
from upsell.workspace.rulebook import check_event
from upsell.workspace.scalars import WEEKDAYS
from upsell.workspace.template_files import SUFFIXES

ARRIVED = "arrived"
"""What ``if`` asks instead of a rule: whether the event last awaited came."""


class JourneyCompiler:
    """Compiles one list of steps of a workflow, and those inside its branches."""

    def __init__(
        self, definitions: Definitions, unit: UnitKind, values: ArmValues, *, is_after_goal: bool
    ) -> None:
        """Compile for a workflow about ``unit``; after the goal only service is spoken."""
        self._definitions = definitions
        self._findings = definitions.findings
        self._unit = unit
        self._values = values
        self._is_after_goal = is_after_goal
        self._steps: dict[str, Step] = {}
        self._named: Mapping[str, NamedStep] = {}
        self._chosen: set[str] = set()

    def compile(self, items: Sequence[Item], prefix: str = "") -> Journey:
        """Compile steps; ids are their path in the file after ``prefix``. Without any, an empty journey."""
        self._named = name_steps(items, prefix, self._findings)
        entry, _ = self._sequence(items, prefix, None, is_awaiting=False)
        return Journey(dict(self._steps), entry, {name: step.id for name, step in self._named.items()})

    def _sequence(
        self, items: Sequence[Item], prefix: str, then: str | None, *, is_awaiting: bool
    ) -> tuple[str | None, bool]:
        """Compile steps in a row that go on to ``then``.

        Gives the id of the first (``then`` when there is none), and whether an event was awaited on
        every way to the end.
        """
        for at, item in enumerate(items):
            following = f"{prefix}{at + 1}" if at + 1 < len(items) else then
            is_awaiting = self._step(item, f"{prefix}{at}", following, is_awaiting=is_awaiting)
            if isinstance(item, Leaf) and at + 1 < len(items):
                self._findings.warning(
                    items[at + 1].place,
                    "expected no step after end, got one that is never reached",
                    code="unreached",
                )
        return (f"{prefix}0" if items else then), is_awaiting

    def _step(self, item: Item, at: str, then: str | None, *, is_awaiting: bool) -> bool:
        """Compile one step; give whether an event was awaited after it."""
        if not isinstance(item, Record):
            self._steps[at] = EndStep(at)
        elif item.has("if"):
            return self._branch(item, at, then, is_awaiting=is_awaiting)
        elif (message := _message_of(item)) is not None:
            self._steps[at] = self._message(*message, at, then)
        elif (prompt := item.record("prompt")) is not None:
            self._steps[at] = self._prompt(prompt, at, then)
        elif (task := item.record("task")) is not None:
            self._steps[at] = self._task(task, at, then)
        elif item.has("wait"):
            return self._wait(item, at, then) or is_awaiting
        elif (split := item.record("split")) is not None:
            return self._split(split, at, then, is_awaiting=is_awaiting)
        elif (choose := item.record("choose")) is not None:
            self._choose(choose, at, then, is_awaiting=is_awaiting)
        elif (go := item.record("go")) is not None:
            self._steps[at] = self._go(go, at, then)
        elif (values := item.record("update")) is not None:
            rules = {name: self._definitions.rulebook.rule(values.leaf(name), None) for name in values.items}
            self._steps[at] = UpdateStep(at, then, {k: rule for k, rule in rules.items() if rule is not None})
        elif (trial := item.record("trial")) is not None:
            return self._trial(trial, at, then, is_awaiting=is_awaiting)
        elif (webhook := item.record("webhook")) is not None:
            self._steps[at] = WebhookStep(at, then, webhook.text("url"))
        return is_awaiting

    def _branch(self, item: Record, at: str, then: str | None, *, is_awaiting: bool) -> bool:
        """Compile a branch and the steps on each of its ways; further questions are branches inside it."""
        inner = [each for each in item.each("elif") if isinstance(each, Record)]
        questions = [(at, item), *((f"{at}.elif.{number}", each) for number, each in enumerate(inner))]
        otherwise, after = self._sequence(item.each("else"), f"{at}.else.", then, is_awaiting=is_awaiting)
        for question_at, question in reversed(questions):
            yes, after_yes = self._sequence(
                question.each("then"), f"{question_at}.then.", then, is_awaiting=is_awaiting
            )
            self._ask(question, question_at, yes, otherwise, is_awaiting=is_awaiting)
            otherwise, after = question_at, after and after_yes
        return after

    def _ask(self, item: Record, at: str, yes: str | None, no: str | None, *, is_awaiting: bool) -> None:
        """Compile the question of a branch."""
        leaf = item.leaf("if")
        asks_arrival = leaf is not None and leaf.text == ARRIVED
        if leaf is not None and asks_arrival and not is_awaiting:
            self._findings.error(
                leaf.place,
                "expected a wait for an event on every way to if: arrived, got none",
                hint="put wait: {for: Event Name, up_to: 2 days} before it",
                code="arrived",
            )
        asked = asked_by(leaf, item.leaf("of"), self._named, self._findings)
        test = None if asks_arrival or asked is not None else self._definitions.rulebook.rule(leaf)
        self._steps[at] = IfStep(at, test, yes, no, asked)

    def _split(self, record: Record, at: str, then: str | None, *, is_awaiting: bool) -> bool:
        """Compile ways that units are spread over by a hash."""
        shares, ways, is_after = [], [], True
        salt = self._values.split_salt(record.items)
        for name, way in record.records():
            first, after = self._sequence(way.each("steps"), f"{at}.{name}.", then, is_awaiting=is_awaiting)
            shares.append(way.rate("share"))
            ways.append(first)
            is_after = is_after and after
        if shares and abs(sum(shares) - 1) > 1e-9:
            self._findings.error(
                record.place, f"expected shares that add up to 100%, got {sum(shares):.6g}", code="shares"
            )
        self._steps[at] = SplitStep(at, salt, tuple(shares), tuple(ways))
        return is_after

    def _choose(self, record: Record, at: str, then: str | None, *, is_awaiting: bool) -> None:
        """Compile a choice among offers."""
        name = record.text("as")
        if self._definitions.offers is not None and name in self._definitions.offers:
            self._findings.error(
                record.keys["as"], f"expected a name that is no offer's own, got {name}", code="step-name"
            )
        for leaf in record.leaves("offers"):
            self._check_offers({"": leaf})
        self._chosen.add(name)
        otherwise, _ = self._sequence(record.each("else"), f"{at}.else.", then, is_awaiting=is_awaiting)
        otherwise = otherwise if record.has("else") else None
        offers = tuple(leaf.text for leaf in record.leaves("offers"))
        self._steps[at] = ChooseStep(at, then, otherwise, name, offers)

    def _trial(self, record: Record, at: str, then: str | None, *, is_awaiting: bool) -> bool:
        """Compile a trial as what it is: a grant, waits for the paid terms to be taken, and two ways on.

        The grant has the step's own id; ``.early`` and ``.late`` are waits, ``.took`` and ``.takes`` the
        questions after each, ``.remind`` the reminder, ``.convert`` and ``.end`` what billing is told.
        """
        offer = record.leaf("offer")
        lasts, before = self._trial_lasts(offer, record), 0
        reminded = record.record("remind")
        if reminded is not None:
            before = reminded.integer("before")
            if before >= lasts > 0:
                self._findings.error(
                    reminded.place,
                    "expected a reminder within the trial, got one before it begins",
                    code="trial",
                )
        name, url = offer.text if offer is not None else "", record.text("url")
        accepted, after_yes = self._sequence(
            record.each("accepted"), f"{at}.accepted.", then, is_awaiting=is_awaiting
        )
        expired, after_no = self._sequence(
            record.each("expired"), f"{at}.expired.", then, is_awaiting=is_awaiting
        )
        taken = Asked(Heard.ACCEPTED, at)
        steps = reminded.each("steps") if reminded is not None else ()
        remind, _ = self._sequence(steps, f"{at}.remind.", f"{at}.late", is_awaiting=is_awaiting)
        self._steps |= {
            at: TrialStep(at, f"{at}.early", {"": name}, url, lasts),
            f"{at}.early": WaitUntilStep(f"{at}.early", f"{at}.took", max(lasts - before, 1), None, taken),
            f"{at}.took": IfStep(f"{at}.took", None, f"{at}.convert", remind, taken),
            f"{at}.late": WaitUntilStep(f"{at}.late", f"{at}.takes", max(before, 1), None, taken),
            f"{at}.takes": IfStep(f"{at}.takes", None, f"{at}.convert", f"{at}.end", taken),
            f"{at}.convert": WebhookStep(f"{at}.convert", accepted, url, "trial.accepted", name),
            f"{at}.end": WebhookStep(f"{at}.end", expired, url, "trial.ended", name),
        }
        return after_yes and after_no

    def _trial_lasts(self, offer: Leaf | None, record: Record) -> Duration:
        """Give how long the trial of an offer lasts; one that has none is noted."""
        if offer is None:
            return 0
        self._check_offers({"": offer})
        known = self._definitions.catalog.offers.get(offer.text)
        if known is not None and not known.trial_days:
            self._findings.error(
                offer.place,
                f"expected an offer with trial_days, got {offer.text}, which has none",
                hint=f"write trial_days in offers.{offer.text} of {CATALOG}",
                code="trial",
            )
        if self._is_after_goal:
            self._findings.error(record.place, "expected no trial after the goal, got one", code="intent")
        return known.trial_days * DAY if known is not None else 0

    def _go(self, record: Record, at: str, then: str | None) -> GoStep:
        """Compile a jump."""
        leaf = record.leaf("to")
        step = self._named.get(leaf.text) if leaf is not None else None
        if leaf is not None and step is None:
            note_unnamed(leaf, "a step of this list", self._named, self._findings)
        return GoStep(at, then, step.id if step is not None else at, record.integer("at_most", 1))

    def _message(self, record: Record, channels: tuple[str, ...], at: str, then: str | None) -> MessageStep:
        """Compile a message by one of some channels."""
        content = self._values.read(record, "content", Vary.MESSAGE)
        offer = self._values.read(record, "offer", Vary.OFFER)
        for leaf in content.values():
            self._check_content(leaf, record, channels)
        self._check_offers(offer)
        intent = self._intent(record)
        obeys = record.text("obeys_caps", "true") == "true"
        if not obeys and intent in SELLING:
            self._findings.error(
                record.keys["obeys_caps"],
                f"expected obeys_caps: true in a message that wants something, got intent {intent.value}",
                hint="only service and help may be sent beyond the caps",
                code="caps",
            )
        return MessageStep(
            id=at,
            then=then,
            content={arm: leaf.text for arm, leaf in content.items()},
            intent=intent,
            blocked=Blocked(record.text("blocked", Blocked.WAIT.value)),
            obeys_caps=obeys,
            is_counted=record.text("counts", "true") == "true",
            to=self._recipients(record),
            offer={arm: leaf.text for arm, leaf in offer.items()},
            channels=channels,
            within=record.integer("within"),
        )

    def _intent(self, record: Record) -> Intent:
        """Give what a message is for: as written, or offer when it makes one."""
        leaf = record.leaf("intent")
        makes_offer = record.has("offer")
        if leaf is None:
            if not makes_offer and not record.has("intent"):
                self._findings.error(
                    record.place,
                    "expected the key intent in a step that makes no offer, got none",
                    hint="intent says what it is for: service, help, show or offer",
                    code="missing-key",
                )
            intent, place = Intent.OFFER if makes_offer else Intent.SERVICE, record.place
        else:
            intent, place = Intent(leaf.text), leaf.place
            if makes_offer and intent is not Intent.OFFER:
                self._findings.error(
                    place,
                    f"expected intent offer in a step that makes one, got {intent.value}",
                    hint="drop the offer, or say intent: offer",
                    code="intent",
                )
        if self._is_after_goal and intent is not Intent.SERVICE:
            self._findings.error(
                place,
                f"expected intent service after the goal, got {intent.value}",
                hint="who has just said yes is welcomed, not asked again",
                code="intent",
            )
        return intent

    def _check_content(self, leaf: Leaf, record: Record, channels: tuple[str, ...]) -> None:
        """Note a template that is not there for a channel, or that speaks of an offer nobody makes."""
        templates = self._definitions.templates
        if leaf.text not in templates.names:
            self._findings.unknown(leaf.place, "template", leaf.text, templates.names, f"{TEMPLATES}/")
            return
        for channel in channels:
            if channel not in templates.names[leaf.text]:
                self._findings.error(
                    leaf.place,
                    f"expected the template {leaf.text} for {channel}, got none",
                    hint=f"write {TEMPLATES}/{leaf.text}{SUFFIXES[channel]}",
                    code="unknown-template",
                )
        self._check_offered(leaf, record, templates.variables)

    def _check_offered(self, leaf: Leaf, record: Record, variables: Mapping[str, frozenset[str]]) -> None:
        """Note a text that speaks of an offer nobody makes."""
        if "offer" in variables.get(leaf.text, frozenset()) and not record.has("offer"):
            self._findings.warning(
                leaf.place,
                f"expected an offer beside content {leaf.text}, which names one, got none",
                hint="what has a hole is not sent; name the offer, or guard it with {% if offer.title %}",
                code="no-offer",
            )

    def _check_offers(self, offers: dict[str, Leaf]) -> None:
        """Note offers that the catalog lacks."""
        known = self._definitions.offers
        for leaf in offers.values():
            if known is not None and leaf.text not in known and leaf.text not in self._chosen:
                self._findings.unknown(leaf.place, "offer", leaf.text, known, CATALOG)

    def _recipients(self, record: Record) -> tuple[str, ...]:
        """Give the roles a mail is addressed to."""
        roles = record.leaves("to")
        if roles and self._unit is UnitKind.CUSTOMER:
            self._findings.error(
                roles[0].place,
                "expected no roles in a workflow about a customer, got to",
                hint="the customer is addressed; roles are chosen in a workflow with unit: account",
                code="roles",
            )
            return ()
        for leaf in roles:
            if leaf.text not in self._definitions.roles:
                self._findings.unknown(
                    leaf.place, "role", leaf.text, self._definitions.roles, f"roles of {SETTINGS}"
                )
        return tuple(leaf.text for leaf in roles)

    def _prompt(self, record: Record, at: str, then: str | None) -> PromptStep:
        """Compile a prompt; one that nothing waits behind is gone before anybody sees it."""
        offer = self._values.read(record, "offer", Vary.OFFER)
        self._check_offers(offer)
        content = record.leaf("content")
        if content is not None:
            self._check_offered(content, record, self._definitions.prompts.variables)
        if then is None or self._is_after_goal:
            self._findings.error(
                record.place,
                "expected a wait behind a prompt, got the end of the journey",
                hint="a prompt is available while the enrollment goes on; add - wait: 7 days",
                code="prompt-gone",
            )
        if record.has("placement") is record.has("channel"):
            self._findings.error(
                record.place,
                f"expected placement or channel, got {'both' if record.has('channel') else 'neither'}",
                hint="placement: usage-page for what is shown; channel: email for what your own system tells",
                code="missing-key",
            )
        return PromptStep(
            id=at,
            then=then,
            placement=record.text("placement", ""),
            channel=record.text("channel", ""),
            content=record.text("content", ""),
            kind=PromptKind(record.text("as", "")),
            lasts=record.integer("for"),
            intent=self._intent(record),
            offer={arm: leaf.text for arm, leaf in offer.items()},
        )

    def _task(self, record: Record, at: str, then: str | None) -> TaskStep:
        """Compile work for a person."""
        offer = self._values.read(record, "offer", Vary.OFFER)
        self._check_offers(offer)
        self._check_queue(record)
        if self._is_after_goal and record.has("offer"):
            self._findings.error(
                record.keys["offer"],
                "expected no offer after the goal, got one",
                hint="who has just said yes is welcomed, not asked again",
                code="intent",
            )
        return TaskStep(
            id=at,
            then=then,
            queue=record.text("queue"),
            title=record.text("title"),
            offer={arm: leaf.text for arm, leaf in offer.items()},
            due=record.integer("due"),
            reason=record.text("reason"),
            talk_track=record.text("talk_track"),
            objections=compile_objections(record),
            chance=self._definitions.rulebook.rule(record.leaf("chance"), Kind.NUMBER),
        )

    def _check_queue(self, record: Record) -> None:
        """Note a queue that is not written where queues are, and work that is due at no time."""
        leaf, queues = record.leaf("queue"), self._definitions.queues
        queue = queues.get(leaf.text) if leaf is not None and queues is not None else None
        if leaf is not None and queues is not None and queue is None:
            self._findings.unknown(leaf.place, "queue", leaf.text, queues, QUEUES)
        elif not record.has("due") and (queue is None or queue.sla is None):
            self._findings.error(
                record.place,
                "expected the key due in a task, or an sla of its queue, got neither",
                hint=f"due: 2 days, or sla: 2 working days under the queue in {QUEUES}",
                code="missing-key",
            )

    def _wait(self, item: Record, at: str, then: str | None) -> bool:
        """Compile a wait; give whether it is for more than time to pass."""
        awaited = item.record("wait") or NOTHING_WRITTEN
        if awaited.has("for"):
            event = awaited.leaf("for")
            where = self._definitions.rulebook.condition(awaited.leaf("where"))
            if event is not None:
                check_event(event, event.text, self._findings)
                self._definitions.segments.check_event(
                    event.place, event.text, where, self._unit, self._findings
                )
            self._steps[at] = WaitForStep(
                id=at,
                then=then,
                event=awaited.text("for"),
                where=where,
                up_to=awaited.integer("up_to"),
                since_enrollment=awaited.has("since"),
            )
        elif awaited.has("until"):
            leaf = awaited.leaf("until")
            asked = asked_by(leaf, awaited.leaf("of"), self._named, self._findings)
            test = None if asked is not None else self._definitions.rulebook.rule(leaf)
            self._steps[at] = WaitUntilStep(at, then, awaited.integer("up_to"), test, asked)
        elif awaited.has("date"):
            date = self._definitions.rulebook.rule(awaited.leaf("date"), Kind.MOMENT)
            if date is not None:
                before, up_to = awaited.integer("before"), awaited.integer("up_to")
                self._steps[at] = WaitDateStep(at, then, date, before, up_to)
        elif awaited.has("time"):
            days = frozenset(WEEKDAYS.index(leaf.text) for leaf in awaited.leaves("days"))
            is_after = is_time_after(self._definitions.edition)
            self._steps[at] = WaitTimeStep(
                at, then, awaited.integer("time"), days or frozenset(range(7)), is_after
            )
            return False
        else:
            lasts = self._values.read(item, "wait", Vary.TIMING)
            self._steps[at] = WaitStep(
                id=at,
                then=then,
                lasts={arm: leaf.value for arm, leaf in lasts.items() if isinstance(leaf.value, int)},
            )
            return False
        return True


def _message_of(item: Record) -> tuple[Record, tuple[str, ...]] | None:
    """Give what a step that sends a message says, and the channels it may go by; None for other steps."""
    for channel in CHANNELS:
        said = item.record(channel)
        if said is not None:
            return said, (channel,)
    said = item.record("message")
    if said is None:
        return None
    return said, tuple(dict.fromkeys(leaf.text for leaf in said.leaves("channels"))) or CHANNELS[:1]
