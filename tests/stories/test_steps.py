"""Each step does what it says, for the treated and for the held out, and only so often."""

from __future__ import annotations

import pytest

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow
from upsell.clock import parse_moment
from upsell.errors import DefinitionError
from upsell.journeys.effects import Speak

T1 = "{email: {content: t1, intent: help}}"
T2 = "{email: {content: t2, intent: help}}"
T3 = "{email: {content: t3, intent: help}}"
ARRIVED_T1 = f"{{if: arrived, then: [{T1}], else: [{T2}]}}"
ARRIVED_T2 = f"{{if: arrived, then: [{T2}], else: [{T3}]}}"


def story(
    journey: str, *, holdout: str = "0%", on: str = "{on: A}", more: str = "", unit: str = "customer"
) -> Story:
    text = workflow(trigger=on, journey=journey, holdout=holdout, more=more, unit=unit)
    return Story(make_program({"w": text}), "a:acme" if unit == "account" else "c:ada")


def clicks(told: Story, mail: Speak, name: str = "Message Clicked") -> Story:
    return told.receipt(mail, name)


def test_a_wait_until_a_rule_ends_when_it_becomes_true() -> None:
    journey = (
        f"[{{wait: {{until: \"event_count('B', interval '7 days') >= 2\", up_to: 5 days}}}}, {ARRIVED_T1}]"
    )
    told = story(journey).happens("A").happens("B").after(DAY)
    assert told.contents() == []
    assert told.happens("B").contents() == ["t1"]
    assert story(journey).happens("A").happens("B").after(5 * DAY).contents() == ["t2"]


def test_a_rule_that_time_alone_makes_true_ends_its_wait_at_that_moment() -> None:
    journey = f"[{{wait: {{until: \"days_since(last_event('A')) >= 2\", up_to: 5 days}}}}, {T1}]"
    told = story(journey).happens("A").after(2 * DAY - 1)
    assert told.contents() == []
    assert told.after(1).contents() == ["t1"]


def test_a_rule_that_is_true_already_is_not_waited_for() -> None:
    journey = f"[{{wait: {{until: \"event_count('A', interval '7 days') >= 1\", up_to: 5 days}}}}, {T1}]"
    assert story(journey).happens("A").contents() == ["t1"]


def test_a_date_is_waited_for_wherever_it_moves() -> None:
    journey = f"[{{wait: {{date: customer.renews_on, before: 2 days, up_to: 60 days}}}}, {ARRIVED_T1}]"
    told = story(journey).happens("Customer Identified", renews_on="2026-03-12T09:00:00Z").happens("A")
    told.after(7 * DAY).happens("Customer Identified", renews_on="2026-03-14T09:00:00Z").after(2 * DAY)
    assert told.contents() == [], "it was put off, so the tenth is no longer the day"
    told.after(DAY)
    assert told.contents() == ["t1"]
    assert told.mails()[0].reserved_at == parse_moment("2026-03-12T09:00:00Z")
    assert story(journey).happens("A").after(60 * DAY).contents() == ["t2"], "what never comes ends by time"


@pytest.mark.parametrize(
    ("wait", "reached"),
    [
        ("{time: '14:30'}", "2026-03-02T13:30:00Z"),
        ("{time: '08:00'}", "2026-03-03T07:00:00Z"),
        ("{time: '08:00', days: [sat]}", "2026-03-07T07:00:00Z"),
        # On 29 March the clock in Berlin jumps from two to three.
        ("{time: '02:30', days: [sun]}", "2026-03-08T01:30:00Z"),
    ],
)
def test_a_time_of_day_is_that_of_the_customers_clock(wait: str, reached: str) -> None:
    told = story(f"[{{wait: {wait}}}, {T1}]").happens("A").after(10 * DAY)
    assert [mail.reserved_at for mail in told.mails()] == [parse_moment(reached)]


def test_a_time_that_the_clock_leaves_out_comes_as_it_jumps() -> None:
    told = (
        story(f"[{{wait: 26 days}}, {{wait: {{time: '02:30', days: [sun]}}}}, {T1}]")
        .happens("A")
        .after(40 * DAY)
    )
    assert [mail.reserved_at for mail in told.mails()] == [parse_moment("2026-03-29T01:00:00Z")]


def test_a_time_of_day_follows_the_customer_to_another_zone() -> None:
    told = story(f"[{{wait: {{time: '14:30'}}}}, {T1}]")
    told.happens("Customer Identified", timezone="America/New_York").happens("A").after(DAY)
    assert [mail.reserved_at for mail in told.mails()] == [parse_moment("2026-03-02T19:30:00Z")]


def test_a_branch_asks_what_became_of_the_last_message() -> None:
    journey = f"[{T1}, {{wait: 1 day}}, {{if: clicked, then: [{T2}], else: [{T3}]}}]"
    told = story(journey).happens("A")
    assert clicks(told, told.mails()[0]).after(DAY).contents() == ["t1", "t2"]
    assert story(journey).happens("A").after(DAY).contents() == ["t1", "t3"]


def test_a_branch_asks_of_the_step_it_names() -> None:
    journey = (
        "[{email: {content: t1, intent: help}, name: first}, {wait: 1 day}, "
        f"{T2}, {{wait: 1 day}}, {{if: clicked, of: first, then: [{T3}]}}]"
    )
    told = story(journey).happens("A").after(DAY)
    first, second = told.mails()
    clicks(told, second).after(DAY)
    assert told.contents() == ["t1", "t2"]
    told = story(journey).happens("A").after(DAY)
    clicks(told, told.mails()[0]).after(DAY)
    assert told.contents() == ["t1", "t2", "t3"]
    assert first.step == "0"


def test_further_questions_are_asked_in_order() -> None:
    journey = (
        "[{if: customer.a = 1, then: ["
        + T1
        + "], elif: [{if: customer.b = 1, then: ["
        + T2
        + "]}], else: ["
        + T3
        + "]}]"
    )
    assert story(journey).happens("Customer Identified", a=1, b=1).happens("A").contents() == ["t1"]
    assert story(journey).happens("Customer Identified", b=1).happens("A").contents() == ["t2"]
    assert story(journey).happens("A").contents() == ["t3"]


def test_a_wait_until_something_was_opened_ends_at_once_or_by_time() -> None:
    journey = f"[{T1}, {{wait: {{until: opened, up_to: 2 days}}}}, {ARRIVED_T2}]"
    told = story(journey).happens("A")
    assert clicks(told, told.mails()[0], "Message Opened").contents() == ["t1", "t2"]
    told = story(journey).happens("A")
    clicks(told, told.mails()[0], "Message Delivered")
    assert told.contents() == ["t1"], "delivered is not opened"
    assert told.after(2 * DAY).contents() == ["t1", "t3"]


def test_the_held_out_take_the_way_of_time_where_an_opening_is_asked_for() -> None:
    journey = f"[{T1}, {{wait: {{until: opened, up_to: 2 days}}}}, {ARRIVED_T2}]"
    told = story(journey, holdout="99.9%").happens("A")
    assert told.reasons() == [Reason.HELD_OUT]
    told.after(2 * DAY)
    withheld = [each.properties["step"] for each in told.recorded() if each.name == "Message Withheld"]
    assert withheld == ["0", "2.else.0"]


def test_a_click_in_another_message_says_nothing_here() -> None:
    journey = f"[{T1}, {{wait: 1 day}}, {{if: clicked, then: [{T2}], else: [{T3}]}}]"
    told = story(journey).happens("A").happens("Message Clicked", key="other").after(DAY)
    assert told.contents() == ["t1", "t3"]


def test_an_answer_to_an_offer_is_one_to_what_made_it() -> None:
    offers = "{email: {content: t1, offer: pro-annual}}"
    journey = f"[{offers}, {{wait: {{until: declined, up_to: 5 days}}}}, {ARRIVED_T2}]"
    told = story(journey).happens("A").happens("Offer Declined", offer="pro-annual")
    assert told.contents() == ["t1", "t2"]
    told = story(journey).happens("A").happens("Offer Declined", offer="pro-trial")
    assert told.contents() == ["t1"]


def test_a_unit_goes_the_same_way_at_a_split_and_shares_are_kept() -> None:
    journey = (
        f"[{{split: {{short: {{share: 30%, steps: [{T1}]}}, long: {{share: 70%, steps: [{T2}]}}}}}}, {T3}]"
    )
    program = make_program({"w": workflow(trigger="{on: A, again_after: 1 hour}", journey=journey)})
    ways = []
    for number in range(400):
        told = Story(program, f"c:u{number}").happens("Customer Identified", email="a@example.com")
        told.happens("A").after(2 * HOUR).happens("A")
        first, _, again, _ = told.contents()
        assert first == again
        ways.append(first)
    # Oracle: a share of 0.3 over 400 units, four standard errors of a binomial wide.
    assert abs(ways.count("t1") / 400 - 0.3) < 4 * (0.3 * 0.7 / 400) ** 0.5


def test_a_jump_is_taken_so_often_and_no_more() -> None:
    journey = (
        "[{email: {content: t1, intent: help}, name: again}, {wait: 1 day}, {go: {to: again, at_most: 2}}, "
        + T2
        + "]"
    )
    told = story(journey).happens("A").after(10 * DAY)
    assert told.contents() == ["t1", "t1", "t1", "t2"]
    assert len({mail.key for mail in told.mails()}) == 4, "each is a message of its own"


def test_a_jump_that_waits_for_nothing_ends_as_well() -> None:
    journey = "[{update: {seen: 1}, name: again}, {go: {to: again, at_most: 20}}, " + T1 + "]"
    assert story(journey).happens("A").contents() == ["t1"]


def test_a_trait_that_was_set_is_an_event_and_fires_others() -> None:
    sets = workflow(
        trigger="{on: A}", journey="[{update: {asked_for: '''more''', score: 1 + 1}}]", holdout="99.9%"
    )
    hears = workflow(trigger="{when: customer.score = 2}", journey=f"[{T1}]")
    told = Story(make_program({"sets": sets, "hears": hears})).happens("A")
    assert told.reasons()[0] is Reason.HELD_OUT, "the held out are updated as well, so that all else is equal"
    assert told.unit().profile.traits["asked_for"] == "more"
    assert told.contents() == ["t1"]
    (event,) = [each for each in told.recorded() if each.name == "Customer Identified"]
    assert event.properties == {"asked_for": "more", "score": 2}


def test_an_accounts_journey_sets_traits_of_the_account() -> None:
    told = story("[{update: {stage: '''asked'''}}]", unit="account").member("ada", "admin").happens("A")
    account = told.household.account
    assert account is not None
    assert account.profile.traits == {"stage": "asked"}


def test_the_journey_goes_on_with_the_receipt_of_its_webhook() -> None:
    journey = f"[{{webhook: {{url: 'https://hooks.acme.example/x'}}}}, {T1}]"
    text = workflow(trigger="{on: A}", journey=journey)
    told = Story(make_program({"w": text}), delivers=False).happens("A")
    (hook,) = told.mails()
    assert (hook.channel, told.contents()) == ("webhook", [""])
    assert told.receipt(hook).contents() == ["", "t1"]


def test_the_held_out_are_not_told_of_by_webhook() -> None:
    journey = f"[{{webhook: {{url: 'https://hooks.acme.example/x'}}}}, {T1}]"
    told = story(journey, holdout="99.9%").happens("A")
    assert told.mails() == []
    assert [each.name for each in told.recorded()] == ["Message Withheld"]


def test_the_first_offer_that_can_be_made_is_chosen() -> None:
    journey = (
        "[{choose: {offers: [pro-annual, pro-trial], as: best, else: ["
        + T3
        + "]}}, {email: {content: t1, offer: best}}]"
    )
    told = story(journey).happens("A")
    assert [mail.offer for mail in told.mails()] == ["pro-annual"]
    told = story(journey).happens("Offer Declined", offer="pro-annual", answer="never").happens("A")
    assert told.contents() == ["t3"], "both are about the same plan, which was refused for good"
    told = story(journey).happens("Subscription Started", plan="pro").happens("A")
    assert told.contents() == ["t3"]


TRIAL = (
    "{trial: {offer: pro-trial, url: 'https://billing.acme.example/x', "
    f"remind: {{before: 3 days, steps: [{T1}]}}, accepted: [{T2}], expired: [{T3}]}}}}"
)


def test_a_trial_is_granted_reminded_and_ends_unless_the_paid_terms_were_taken() -> None:
    told = story(f"[{TRIAL}]").happens("A")
    (granted,) = [each for each in told.recorded() if each.name == "Trial Granted"]
    assert (granted.properties["thing"], granted.properties["ends_at"]) == ("pro", "2026-03-16T09:00:00Z")
    assert [mail.channel for mail in told.mails()] == ["webhook"]
    assert told.after(11 * DAY - 1).contents() == [""]
    assert told.after(1).contents() == ["", "t1"]
    assert told.after(3 * DAY).contents() == ["", "t1", "", "t3"]
    assert [mail.step for mail in told.mails() if mail.channel == "webhook"] == ["0", "0.end"]


@pytest.mark.parametrize(("days", "contents"), [(2, ["", "", "t2"]), (12, ["", "t1", "", "t2"])])
def test_a_trial_converts_only_on_the_paid_terms_being_taken(days: int, contents: list[str]) -> None:
    told = story(f"[{TRIAL}]").happens("A").after(days * DAY)
    told.happens("Offer Accepted", offer="pro-trial").after(20 * DAY)
    assert told.contents() == contents
    assert told.mails()[-2].step == "0.convert"
    assert told.mails()[-2].offer == "pro-trial"


def test_the_held_out_have_no_trial_and_take_the_way_of_time() -> None:
    told = story(f"[{TRIAL}]", holdout="99.9%").happens("A").after(20 * DAY)
    assert [each.name for each in told.recorded()] == ["Message Withheld", "Message Withheld"]
    assert [each.properties["step"] for each in told.recorded()] == ["0.remind.0", "0.expired.0"]


def test_who_has_the_plan_already_is_granted_no_trial_of_it() -> None:
    told = story(f"[{TRIAL}]").happens("Subscription Started", plan="pro").happens("A")
    assert told.reasons() == [Reason.ENTITLED]


def test_one_unit_may_be_in_a_keyed_workflow_once_for_each_key() -> None:
    told = story(f"[{T1}, {{wait: {{for: B, up_to: 9 days}}}}, {T2}]", more="key: order_id\nat_once: 2")
    told.happens("A", order_id="1").happens("A", order_id="2").happens("A", order_id="1")
    assert told.contents() == ["t1", "t1"]
    assert told.reasons() == [Reason.ENROLLED, Reason.ENROLLED, Reason.ALREADY_ENROLLED]
    told.happens("A", order_id="3")
    assert told.reasons()[-1] is Reason.TOO_MANY
    told.happens("B", order_id="2")
    assert told.contents() == ["t1", "t1", "t2"], "what is about one order moves that one alone"
    told.happens("A", order_id="2")
    assert told.reasons()[-1] is Reason.COOLING_DOWN
    assert told.happens("B").contents() == ["t1", "t1", "t2", "t2"], "what names no order is about all"


def test_the_goal_of_one_order_ends_that_passage_alone() -> None:
    text = workflow(
        trigger="{on: A}",
        journey=f"[{T1}, {{wait: 9 days}}, {T2}]",
        goal="{event: Order Delivered, within: 30 days}",
        more="key: order_id",
    )
    told = Story(make_program({"w": text})).happens("A", order_id="1").happens("A", order_id="2")
    told.happens("Order Delivered", order_id="1").after(9 * DAY)
    assert told.contents() == ["t1", "t1", "t2"]
    assert Reason.GOAL_REACHED in told.reasons()


def test_somebody_of_the_team_may_end_a_passage_with_a_reason() -> None:
    told = story(f"[{T1}, {{wait: 9 days}}, {T2}]").happens("A")
    told.happens("Enrollment Ended", unit="c:ada", workflow="w", by="eve", why="asked by phone")
    assert told.decisions()[-1].reason is Reason.ENDED_BY_HAND
    assert told.decisions()[-1].rule == "asked by phone"
    assert told.after(9 * DAY).contents() == ["t1"]
    told.happens("Enrollment Ended", unit="c:bob", workflow="w")


WAITS = f"[{T1}, {{wait: 4 days}}, {T2}]"


def test_a_passage_goes_on_in_another_version_from_where_it_stands() -> None:
    before = make_program({"w": workflow(trigger="{on: A}", journey=WAITS)})
    after = make_program({"w": workflow(trigger="{on: A}", journey=f"[{T1}, {T3}, {{wait: 6 days}}, {T3}]")})
    old, new = before.workflows["w"], after.workflows["w"]
    both = after.__class__(
        **{**{f: getattr(after, f) for f in after.__struct_fields__}, "earlier": {old.version: old}}
    )
    told = Story(before).happens("A").after(DAY)
    moved = Story(both, household=told.household)
    moved.now = told.now
    moved.happens("Enrollment Migrated", unit="c:ada", workflow="w", version=new.version, steps={"1": "2"})
    assert moved.decisions()[-1].reason is Reason.MIGRATED
    assert moved.after(5 * DAY - 1).contents() == [], "the wait goes on from when it began"
    assert moved.after(1).contents() == ["t3"]


def test_a_passage_whose_step_has_no_place_stays_on_its_version() -> None:
    before = make_program({"w": workflow(trigger="{on: A}", journey=WAITS)})
    after = make_program({"w": workflow(trigger="{on: A}", journey=f"[{T1}, {T3}]")})
    old, new = before.workflows["w"], after.workflows["w"]
    both = after.__class__(
        **{**{f: getattr(after, f) for f in after.__struct_fields__}, "earlier": {old.version: old}}
    )
    told = Story(before).happens("A").after(DAY)
    moved = Story(both, household=told.household)
    moved.now = told.now
    moved.happens("Enrollment Migrated", unit="c:ada", workflow="w", version=new.version, steps={"1": "9"})
    assert moved.decisions() == []
    assert moved.after(3 * DAY).contents() == ["t2"]


@pytest.mark.parametrize(
    ("journey", "more", "said"),
    [
        (f"[{T1}, {{go: {{to: nowhere, at_most: 2}}}}]", "", "got nowhere"),
        (f"[{T1}, {{go: {{to: nowhere, at_most: 99}}}}]", "", "from 1 to 20"),
        (f"[{T1}, {{if: clicked, of: nothing, then: []}}]", "", "got nothing"),
        (
            "[{wait: 1 day, name: x}, " + T1 + ", {if: clicked, of: x, then: []}]",
            "",
            "a step that speaks, got x",
        ),
        ("[{wait: 1 day, name: x}, {wait: 2 days, name: x}]", "", "got x twice"),
        ("[{if: plan.tier > 1, of: x, then: []}]", "", "beside of"),
        ("[{split: {a: {share: 50%, steps: []}, b: {share: 40%, steps: []}}}]", "", "add up to 100%"),
        ("[{webhook: {url: 'ftp://x'}}]", "", "a web address"),
        ("[{email: {content: t1, offer: best}}]", "", "got best"),
        ("[{choose: {offers: [pro-annual], as: pro-trial}}, {wait: 1 day}]", "", "no offer's own"),
        ("[{update: {x: nonsense(1)}}]", "", "nonsense"),
        (f"[{TRIAL.replace('pro-trial', 'pro-annual')}]", "", "an offer with trial_days, got pro-annual"),
        (f"[{TRIAL.replace('3 days', '14 days')}]", "", "a reminder within the trial"),
        (f"[{T1}]", "at_once: 3", "key beside at_once"),
    ],
)
def test_what_is_written_wrong_is_told_with_what_was_expected(journey: str, more: str, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        story(journey, more=more)


def test_a_key_needs_an_event() -> None:
    with pytest.raises(DefinitionError, match="a trigger with on beside key"):
        story(f"[{T1}]", on="{when: customer.x = 1}", more="key: order_id")


AWAITS = (
    f"[{T1}, {{wait: {{for: B, where: properties.n = 1, up_to: 5 days}}}},"
    f" {{if: arrived, then: [{T2}], else: [{T3}]}}]"
)


def on_its_way(journey: str = AWAITS) -> Story:
    """Begin a passage whose first mail is reserved and not sent yet."""
    told = Story(make_program({"w": workflow(trigger="{on: A}", journey=journey)}), delivers=False)
    return told.after(HOUR).happens("A").after(HOUR)


def test_what_happens_while_the_mail_before_a_wait_is_on_its_way_ends_the_wait() -> None:
    told = on_its_way().happens("B", n=1).after(HOUR)
    told.receipt(told.mails()[0]).after(6 * DAY)
    assert told.contents() == ["t1", "t2"]


def test_what_happened_while_the_mail_was_on_its_way_and_is_told_later_ends_the_wait() -> None:
    told = on_its_way()
    told.receipt(told.mails()[0]).happens("B", n=1, ago=HOUR // 2)
    assert told.contents() == ["t1", "t2"]


@pytest.mark.parametrize("odd", [{"n": 2}, {"n": 1, "ago": 2 * HOUR}])
def test_what_is_not_awaited_or_was_before_the_mail_was_reserved_ends_no_wait(odd: dict[str, int]) -> None:
    told = on_its_way().happens("B", **odd)  # type: ignore[arg-type]  # odd on purpose
    told.receipt(told.mails()[0])
    told.happens("B", **odd).after(6 * DAY)  # type: ignore[arg-type]  # odd on purpose
    assert told.contents() == ["t1", "t3"]


def test_a_wait_behind_a_question_hears_what_came_while_the_mail_was_on_its_way() -> None:
    waits = "{wait: {for: B, up_to: 5 days}}"
    told = on_its_way(f"[{T1}, {{if: customer.x = 1, then: [end], else: []}}, {waits}, {T2}]")
    told.happens("B").receipt(told.mails()[0])
    assert told.contents() == ["t1", "t2"]


def test_what_came_while_a_mail_was_on_its_way_ends_one_wait_and_no_later_one() -> None:
    waits = "{wait: {for: B, up_to: 5 days}}"
    told = on_its_way(f"[{T1}, {waits}, {T2}, {waits}, {T3}]").happens("B")
    told.receipt(told.mails()[0]).receipt(told.mails()[1]).after(HOUR)
    assert told.contents() == ["t1", "t2"]
