"""Given, when, then: stories about a workspace of yours, in your own tests.

    from upsell.testing.given import given

    def test_help_comes_first() -> None:
        acme = given("workspace").account("acme", plan="starter").member("ada", "admin")
        acme.uses("reports", "85%").after(days=2)
        acme.then_sent("need-fewer-reports", to="ada").then_nothing_more()

A story runs the same ``advance`` as the live program, over time that only the story moves. The law: what
a story expects and what came instead are both told when it fails, with the answer of every workflow.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from upsell.clock import DAY, HOUR, MINUTE, Moment, format_moment, parse_moment
from upsell.decisions.control import Control
from upsell.decisions.reasons import Reason
from upsell.errors import nearest
from upsell.ids import UnitId, account_unit, bare, customer_unit, is_account
from upsell.journeys.effects import Speak
from upsell.journeys.explain import explain, explain_standing
from upsell.journeys.household import empty_household
from upsell.journeys.program import Program
from upsell.journeys.workflow import Arm, Workflow
from upsell.testing.stories import Story, receipt_of
from upsell.workspace.compile import compile_workspace


def given(
    workspace: str | Path | Program,
    *,
    at: str = "2026-03-02T09:00:00Z",
    is_held_out: bool = False,
    arm: str = "",
) -> Given:
    """Begin a story about a workspace.

    Args:
        workspace: Its folder, or a program compiled from it.
        at: When the story begins, ISO 8601 with a zone; without it a Monday morning.
        is_held_out: Whether whoever the story is about is held out everywhere; otherwise they are
            treated everywhere, whatever the hash of their id says.
        arm: The arm they are in, where an experiment has it; without it the first.

    Raises:
        DefinitionError: The workspace does not compile, with every problem.
        ValueError: ``at`` is no moment.
    """
    program = workspace
    if not isinstance(program, Program):
        program = compile_workspace(Path(program)).program
    moment = parse_moment(at)
    if moment is None:
        msg = f"expected a moment such as 2026-03-02T09:00:00Z, got {at}"
        raise ValueError(msg)
    return Given(_decided(program, is_held_out=is_held_out, arm=arm), moment)


class Given:
    """One household that things happen to; every method but those that begin with ``then`` moves it on."""

    def __init__(self, program: Program, at: Moment) -> None:
        """Begin at a moment with nobody; name an account or a customer next."""
        self.program = program
        self._at = at
        self._story: Story | None = None
        self._who: str | None = None
        self._told = 0

    @property
    def story(self) -> Story:
        """The story underneath, for what these words have no word for.

        Raises:
            ValueError: Nobody was named yet.
        """
        if self._story is None:
            msg = "expected .account(ID) or .customer(ID) first, got a story about nobody"
            raise ValueError(msg)
        return self._story

    def account(self, account_id: str, *, plan: str = "", **traits: Any) -> Given:
        """Make the story about an account, on a plan, with traits."""
        self._begin(account_unit(account_id))
        self.story.happens("Account Identified", **traits)
        return self.on(plan) if plan else self

    def customer(self, customer_id: str, *, plan: str = "", **traits: Any) -> Given:
        """Make the story about a customer without an account, on a plan, with traits beside an address."""
        self._begin(customer_unit(customer_id))
        self.story.happens("Customer Identified", **{"email": f"{customer_id}@example.com", **traits})
        return self.on(plan) if plan else self

    def member(self, customer_id: str, *roles: str, **traits: Any) -> Given:
        """Let a customer with an address be a member of the account, in roles; later events are theirs."""
        self.story.happens("Account Identified", by=customer_id, roles=list(roles))
        said = {"email": f"{customer_id}@example.com", **traits}
        self.story.happens("Customer Identified", by=customer_id, **said)
        self._who = customer_id
        return self

    def on(self, plan: str, **terms: Any) -> Given:
        """Let a subscription to a plan begin, at its monthly price unless ``terms`` say otherwise."""
        known = self.program.catalog.plans.get(plan)
        if known is None:
            raise ValueError(_unknown("a plan of catalog.yaml", plan, self.program.catalog.plans))
        prices = next(iter(known.prices.values()), {})
        price = next(iter(prices.values()), None)
        usual = {"amount": price.amount, "currency": price.currency} if price is not None else {}
        self.story.happens("Subscription Started", by=self._who, plan=plan, **{**usual, **terms})
        return self

    def uses(self, metric: str, amount: float | str) -> Given:
        """Let some of a metric be used: an amount, or a share of the plan's limit such as ``"85%"``.

        A share is what is used of the period in all: what was used before counts towards it.
        """
        quantity = amount if isinstance(amount, int | float) else self._share(metric, amount)
        self.story.happens("Usage Recorded", by=self._who, metric=metric, quantity=quantity)
        return self

    def when(self, event: str, *, by: str | None = None, **properties: Any) -> Given:
        """Let something happen now, done by whoever is named, else by the member who came last."""
        who = by if by is not None else self._who
        self.story.happens(event, by=who, **properties)
        return self

    def after(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> Given:
        """Let time pass."""
        self.story.after(round(days * DAY + hours * HOUR + minutes * MINUTE))
        return self

    def clicks(self, content: str) -> Given:
        """Let the last message with a template be clicked."""
        sent = [mail for mail in self.story.mails() if mail.content == content]
        if not sent:
            self._fail(f"the message {content} to have been sent, so that it can be clicked")
        self.story.takes(receipt_of(sent[-1], self.story.now, "Message Clicked"))
        return self

    def then_sent(self, content: str, *, to: str = "", channel: str = "", offer: str = "") -> Given:
        """Expect that since the last expectation a message with a template was sent, as the next one."""
        fresh = self._fresh()
        said = fresh[0] if fresh else None
        wanted = " ".join(
            filter(None, (content, to and f"to {to}", channel and f"by {channel}", offer and f"with {offer}"))
        )
        is_it = said is not None and (
            said.content == content
            and to in ("", said.customer_id)
            and channel in ("", said.channel)
            and offer in ("", said.offer)
        )
        if not is_it:
            self._fail(f"{wanted} to be sent")
        self._told += 1
        return self

    def then_nothing_more(self) -> Given:
        """Expect that since the last expectation nothing was sent."""
        if self._fresh():
            self._fail("nothing more to be sent")
        return self

    def then_task(self, title: str = "", *, queue: str = "") -> Given:
        """Expect that a task was opened, with a title and in a queue where they are given."""
        tasks = self.story.tasks()
        if not any(title in ("", task.title) and queue in ("", task.queue) for task in tasks):
            self._fail(f"a task {title or 'of any title'} in {queue or 'any queue'}")
        return self

    def then_reason(self, workflow: str, reason: str) -> Given:
        """Expect the reason of a workflow's last answer, a member of the closed set."""
        self._check_workflow(workflow)
        if reason not in {each.value for each in Reason}:
            raise ValueError(_unknown("a reason of the closed set", reason, [each.value for each in Reason]))
        answers = [each for each in self.story.decisions() if each.workflow == workflow]
        if not answers or answers[-1].reason.value != reason:
            self._fail(f"the last answer of {workflow} to be {reason}")
        return self

    def then_in(self, workflow: str, *, is_in: bool = True) -> Given:
        """Expect that somebody of the household is in a workflow now; with ``is_in=False`` that nobody is."""
        self._check_workflow(workflow)
        household = self.story.household
        units = [
            *household.customers.values(),
            *([household.account] if household.account is not None else []),
        ]
        if is_in is not any(
            each.workflow == workflow for unit in units for each in unit.enrollments.values()
        ):
            self._fail(f"somebody to be in {workflow}" if is_in else f"nobody to be in {workflow}")
        return self

    def _begin(self, household_id: UnitId) -> None:
        if self._story is not None:
            msg = f"expected one account or customer in a story, got {bare(household_id)} as well"
            raise ValueError(msg)
        story = Story(self.program, household_id, household=empty_household(household_id))
        story.now = self._at
        self._story = story

    def _share(self, metric: str, written: str) -> float:
        story = self.story
        standing = explain_standing(self.program, story.household, story.household.id, story.now)
        known = {use.metric: use for use in standing.metrics} if standing is not None else {}
        use = known.get(metric)
        try:
            share = float(written.removesuffix("%")) / 100
        except ValueError:
            share = -1.0
        if use is None or use.limit is None or share < 0 or not written.endswith("%"):
            msg = f"expected an amount, or a share such as 85% of a stated limit, got {written} of {metric}"
            raise ValueError(msg)
        return max(0.0, share * use.limit - (use.used or 0.0))

    def _fresh(self) -> list[Speak]:
        return self.story.mails()[self._told :]

    def _check_workflow(self, workflow: str) -> None:
        if workflow not in self.program.workflows:
            raise ValueError(_unknown("the key of a workflow", workflow, self.program.workflows))

    def _fail(self, expected: str) -> None:
        fresh = [f"{mail.content or mail.channel} to {mail.customer_id}" for mail in self._fresh()]
        lines = [
            f"expected {expected} by {format_moment(self.story.now)}",
            f"got {', '.join(fresh) if fresh else 'nothing sent'} since the last expectation",
            f"tasks: {', '.join(task.title for task in self.story.tasks()) or 'none'}",
        ]
        household = self.story.household
        units = [household.id] if is_account(household.id) else []
        for unit_id in [*units, *(customer_unit(customer_id) for customer_id in household.customers)]:
            answers = explain(self.program, household, unit_id, self.story.now)
            lines += [f"{unit_id} in {answer.workflow}: {answer.words}" for answer in answers]
        raise AssertionError("\n  ".join(lines))


def _unknown(expected: str, got: str, known: Collection[str]) -> str:
    near = nearest(got, known)
    advice = f"did you mean {near}?" if near else f"known are {', '.join(sorted(known))}"
    return f"expected {expected}, got {got}; {advice}"


def _decided(program: Program, *, is_held_out: bool, arm: str) -> Program:
    """Give the program open to everybody, treated or held out, and in one arm."""
    workflows = {key: _decide(workflow, is_held_out, arm) for key, workflow in program.workflows.items()}
    policy = msgspec.structs.replace(program.policy, control=Control())
    return msgspec.structs.replace(program, workflows=workflows, policy=policy, layers={})


def _decide(workflow: Workflow, is_held_out: bool, arm: str) -> Workflow:
    experiment = workflow.experiment
    names = [each.name for each in experiment.arms]
    chosen = arm if arm in names else next(iter(names), "")
    decided = msgspec.structs.replace(
        experiment,
        holdout_rate=1.0 if is_held_out else 0.0,
        ramp=(),
        arms=tuple(Arm(name, float(name == chosen)) for name in names),
    )
    return msgspec.structs.replace(workflow, experiment=decided)
