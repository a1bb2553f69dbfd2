"""Revisions that may follow each other in any order: every kind of step, paused, ended, changed."""

from __future__ import annotations

from collections.abc import Sequence

from tests.stories.world import make_program, workflow
from upsell.journeys.program import Program, with_earlier
from upsell.journeys.workflow import Workflow

T1, T2, T3 = (f"{{email: {{content: t{n}, intent: help}}}}" for n in (1, 2, 3))
T4 = "{email: {content: t4, intent: service}}"
WELCOME = f"on_goal: [{T4}, {{wait: 1 day}}, {T4}]"
ASKED_FOR = "{wait: {for: Pricing Viewed, up_to: 2 days}}"

QUOTA = (
    f"[{T1}, {ASKED_FOR},"
    " {if: arrived, then: [{email: {content: t2, offer: {one: pro-annual, two: pro-trial}}}],"
    " else: [{wait: 1 day}, {email: {content: t3, intent: show, to: [admin, billing]}}]},"
    " {prompt: {placement: usage-page, offer: pro-annual}}, {wait: 3 days},"
    " {task: {queue: success, title: Call them, offer: pro-annual, due: 2 days}}, {wait: 1 day}]"
)
STEPS = (
    "[{email: {content: t1, intent: help}, name: first},"
    " {wait: {until: clicked, up_to: 1 day}},"
    " {if: arrived, then: [{update: {keen: 'true'}}], elif: [{if: customer.keen = true, then: []}],"
    " else: [{split: {a: {share: 40%, steps: [{wait: {time: '09:00', days: [mon, thu]}}]},"
    " b: {share: 60%, steps: [{wait: 3 hours}]}}}]},"
    " {wait: {until: \"event_count('Pricing Viewed', interval '2 days') >= 1\", up_to: 2 days}},"
    " {go: {to: first, at_most: 2}},"
    " {choose: {offers: [pro-annual, pro-trial], as: best, else: [end]}},"
    " {wait: {date: subscription.started_at, up_to: 1 day}}, {webhook: {url: 'https://x.example/'}},"
    " {email: {content: t2, offer: best}}]"
)
OTHER_STEPS = (
    f"[{{wait: 2 hours}}, {{email: {{content: t3, intent: help}}, name: first}}, {T1}, {{wait: 1 day}},"
    " {go: {to: first, at_most: 3}}, {webhook: {url: 'https://x.example/'}},"
    " {email: {content: t2, intent: show}}]"
)
TRIAL = (
    "[{trial: {offer: pro-trial, url: 'https://billing.acme.example/x',"
    f" remind: {{before: 3 days, steps: [{T1}]}}, accepted: [{T2}], expired: [{T3}]}}}}]"
)
INTEREST = (
    "[{email: {content: t1, intent: help, blocked: skip}}, {wait: 1 day},"
    " {email: {content: t2, intent: show}}, {prompt: {placement: usage-page, intent: show}}, {wait: 2 days},"
    " {email: {content: t3, intent: show, blocked: leave}}]"
)
CARE = (
    "[{email: {content: t1, intent: service, obeys_caps: false}}, {wait: 5 hours},"
    " {email: {content: t2, intent: help, counts: false}}, {wait: {for: Ticket Closed, up_to: 3 days}},"
    " {if: arrived, then: [{email: {content: t3, intent: help}}], else: [end]}]"
)
HELPS = f"[{T1}, {{wait: 1 day}}, {T2}]"
SELLS = f"[{T1}, {{wait: 1 day}}, {{email: {{content: t2, intent: show}}}}, {{wait: 1 day}}]"

MORE_VIEWS = (
    "{when: \"event_count('Pricing Viewed', interval '2 days') >= 2\", held_for: 3 hours, again_after: 1 day}"
)
CROSSING = (
    "{crossing: {of: \"usage_ratio('api_calls')\", at: [50%, 80%], hysteresis: 5%}, again_after: 2 days}"
)
ARMS = ", vary: offer, arms: {one: 50%, two: 50%}"
KEYED = "key: order\nat_once: "
# A cap that is new with a revision knows of no place taken before, so all have the same kinds and lengths.
CAPS = "caps: [{at_most: 2, within: 3 days}, {at_most: 3, within: 3 days, per: account}]"
STRICT = (
    "caps: [{at_most: 1, within: 3 days}, {at_most: 2, within: 3 days, per: account}], gap: 30 hours,"
    " hours: {email: {from: '08:00', to: '20:00'}}"
)


def _revision(
    policy: str,
    *,
    paused: Sequence[str] = (),
    ended: Sequence[str] = (),
    steps: str = STEPS,
    at_once: int = 3,
    seat: str = HELPS,
) -> Program:
    again = "again_after: 1 day"
    texts = {
        "quota": workflow(
            unit="account",
            trigger=CROSSING,
            journey=QUOTA,
            holdout="30%",
            experiment=ARMS,
            eligible="[plan.tier < 2]",
            more=WELCOME,
        ),
        "interest": workflow(
            trigger=MORE_VIEWS,
            journey=INTEREST,
            holdout="30%",
            suppress="[\"event_count('Refund Asked', interval '1 days') > 0\"]",
        ),
        "steps": workflow(
            trigger="{on: Order Placed, again_after: 1 hour}",
            journey=steps,
            holdout="30%",
            more=f"{KEYED}{at_once}\n{WELCOME}",
            goal="{event: Order Delivered, within: 30 days}",
        ),
        "seat": workflow(trigger=f"{{on: Feature Gate Hit, when: plan.tier < 2, {again}}}", journey=seat),
        "team": workflow(unit="account", trigger=f"{{on: Feature Gate Hit, {again}}}", journey=seat),
        "trial": workflow(
            trigger=f"{{on: Trial Asked, {again}}}", journey=TRIAL, holdout="10%", more=WELCOME
        ),
        "care": workflow(trigger=f"{{on: Ticket Opened, {again}}}", journey=CARE, holdout="10%"),
    }
    for status, keys in (("paused", paused), ("ended", ended)):
        texts |= {key: f"{texts[key]}\nstatus: {status}\n" for key in keys}
    return make_program(texts, policy=f"policy: {{global_control: 10%, {policy}}}\n")


def _together(programs: Sequence[Program]) -> tuple[Program, ...]:
    """Give each program the versions of all others, as if each had been live before."""
    every = {each.version: each for program in programs for each in program.workflows.values()}
    return tuple(
        with_earlier(program, [each for each in every.values() if not _is_live(program, each)])
        for program in programs
    )


def _is_live(program: Program, one: Workflow) -> bool:
    return program.workflows[one.key].version == one.version


REVISIONS = _together(
    (
        _revision(CAPS),
        _revision(CAPS, paused=("steps", "quota", "trial", "seat"), seat=SELLS),
        _revision(CAPS, ended=("interest", "team"), steps=OTHER_STEPS, at_once=2, seat=SELLS),
        _revision(STRICT, steps=OTHER_STEPS, ended=("trial",)),
    )
)
