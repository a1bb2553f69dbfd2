"""Silence with a reason: eligibility, sensitive states, caps, the slot, consent, the holdout last."""

from __future__ import annotations

import pytest

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow
from upsell.decisions.assignment import is_drawn
from upsell.journeys.gate import ask_gate

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
OFFER = "[{email: {content: t1, intent: offer, offer: pro-annual}}]"
HELP = "[{email: {content: t1, intent: help}}]"
HELP_THEN_OFFER = (
    "[{email: {content: t1, intent: help}}, {wait: 1 day},"
    " {email: {content: t2, intent: offer, offer: pro-annual}}]"
)


def test_a_unit_that_is_not_eligible_is_refused_with_the_rule_and_the_values_it_saw() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=OFFER, eligible="[plan.tier < 2]")})
    story = Story(program).happens("Subscription Started", plan="pro", amount=14900)
    story.happens("Feature Gate Hit")
    (decision,) = story.decisions()
    assert decision.reason is Reason.INELIGIBLE
    assert decision.rule == "plan.tier < 2"
    assert [(seen.term, seen.value) for seen in decision.seen] == [("plan.tier", 2.0)]


def test_missing_data_never_makes_an_offer() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=OFFER, eligible="[customer.tenure >= 18]")})
    story = Story(program).happens("Feature Gate Hit")
    assert story.reasons() == [Reason.INELIGIBLE]


def test_nobody_is_offered_what_they_already_have() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=OFFER)})
    story = Story(program).happens("Subscription Started", plan="pro", amount=14900)
    story.happens("Feature Gate Hit")
    assert story.reasons() == [Reason.ENTITLED]


@pytest.mark.parametrize(
    ("starts", "ends", "cool_down"),
    [
        ({"name": "Ticket Opened", "ticket_id": "7"}, {"name": "Ticket Closed", "ticket_id": "7"}, 2 * DAY),
        (
            {"name": "Invoice Payment Failed", "invoice_id": "1"},
            {"name": "Invoice Paid", "invoice_id": "1"},
            3 * DAY,
        ),
        ({"name": "Refunded"}, None, 30 * DAY),
        (
            {"name": "Incident Started", "incident_id": "1"},
            {"name": "Incident Ended", "incident_id": "1"},
            DAY,
        ),
    ],
)
def test_a_sensitive_state_silences_offers_until_its_cool_down_has_passed(
    starts: dict[str, str], ends: dict[str, str] | None, cool_down: int
) -> None:
    policy = "policy: {patience: 60 days}\n"
    program = make_program({"w": workflow(trigger=GATE, journey=OFFER)}, policy=policy)
    story = Story(program)
    story.happens(**starts)  # type: ignore[arg-type]  # a mapping of keywords
    story.happens("Feature Gate Hit")
    assert story.reasons() == [Reason.SENSITIVE]
    if ends is not None:
        story.after(5 * DAY)
        assert story.mails() == []
        story.happens(**ends)  # type: ignore[arg-type]  # a mapping of keywords
    story.after(cool_down - 1)
    assert story.mails() == []
    story.after(1)
    assert story.contents() == ["t1"]


def test_an_open_ticket_stops_the_offer_but_not_the_help() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=HELP_THEN_OFFER)})
    story = Story(program).happens("Ticket Opened", ticket_id="7").happens("Feature Gate Hit")
    assert story.contents() == ["t1"]
    story.after(2 * DAY)
    assert story.contents() == ["t1"]
    assert story.reasons()[-1] is Reason.FROZEN


def test_two_open_tickets_silence_until_both_are_closed() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=OFFER)})
    story = Story(program).happens("Ticket Opened", ticket_id="7").happens("Ticket Opened", ticket_id="8")
    story.happens("Feature Gate Hit").happens("Ticket Closed", ticket_id="7").after(3 * DAY)
    assert story.mails() == []
    story.happens("Ticket Closed", ticket_id="8").after(2 * DAY)
    assert story.contents() == ["t1"]


def test_a_blocked_candidate_waits_fourteen_days_and_then_lapses_with_its_reason() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=OFFER)})
    story = Story(program).happens("Ticket Opened", ticket_id="7").happens("Feature Gate Hit")
    story.after(14 * DAY - 1)
    assert story.reasons() == [Reason.SENSITIVE]
    story.after(1)
    assert story.reasons() == [Reason.SENSITIVE, Reason.LAPSED]
    assert story.decisions()[-1].rule == "sensitive"
    story.happens("Ticket Closed", ticket_id="7").after(10 * DAY)
    assert story.mails() == []


def test_a_blocked_candidate_whose_trigger_went_false_is_dropped_with_that_reason() -> None:
    program = make_program({"w": workflow(trigger="{when: customer.keen}", journey=OFFER)})
    story = Story(program).happens("Ticket Opened", ticket_id="7").happens("Customer Identified", keen=True)
    story.happens("Customer Identified", keen=False)
    assert story.reasons() == [Reason.SENSITIVE, Reason.TRIGGER_GONE]


def test_a_ledger_row_is_written_when_the_answer_changes_and_not_each_time_it_is_asked() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=OFFER, eligible="[customer.adult]")})
    story = Story(program)
    for _ in range(20):
        story.happens("Feature Gate Hit")
    assert story.reasons() == [Reason.INELIGIBLE]


CAPS = "policy: {caps: [{at_most: 1, within: 7 days}]}\n"


def test_a_cap_counts_reservations_so_two_workflows_cannot_queue_into_the_last_place() -> None:
    program = make_program(
        {"a": workflow(trigger=GATE, journey=HELP), "b": workflow(trigger=GATE, journey=HELP)}, policy=CAPS
    )
    story = Story(program, delivers=False).happens("Feature Gate Hit")
    assert len(story.mails()) == 1
    assert story.reasons() == [Reason.ENROLLED, Reason.CAPPED]


def test_a_capped_candidate_goes_on_the_instant_the_cap_opens() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=HELP)}, policy=CAPS)
    story = Story(program).happens("Feature Gate Hit").after(HOUR).happens("Feature Gate Hit")
    assert len(story.mails()) == 1
    story.after(7 * DAY - HOUR - 1)
    assert len(story.mails()) == 1
    story.after(1)
    assert len(story.mails()) == 2


@pytest.mark.parametrize(
    ("receipt", "is_free"), [("Message Sent", False), ("Message Unknown", False), ("Message Failed", True)]
)
def test_sent_or_unknown_keeps_its_place_in_the_cap_and_failed_gives_it_back(
    receipt: str, is_free: bool
) -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=HELP)}, policy=CAPS)
    story = Story(program, delivers=False).happens("Feature Gate Hit")
    story.receipt(story.mails()[0], receipt).after(HOUR).happens("Feature Gate Hit")
    assert (len(story.mails()) == 2) is is_free


def test_service_is_neither_counted_nor_capped_nor_silenced() -> None:
    journey = "[{email: {content: t1, intent: service}}]"
    program = make_program({"w": workflow(trigger=GATE, journey=journey)}, policy=CAPS)
    story = Story(program).happens("Ticket Opened", ticket_id="1")
    for _ in range(3):
        story.happens("Feature Gate Hit").after(HOUR)
    assert len(story.mails()) == 3


def test_the_slot_is_reserved_for_one_workflow_and_the_loser_keeps_the_reason_and_may_try_again() -> None:
    program = make_program(
        {
            "low": workflow(trigger=GATE, journey=HELP_THEN_OFFER, more="priority: 1"),
            "high": workflow(trigger=GATE, journey=HELP_THEN_OFFER, more="priority: 9"),
        }
    )
    story = Story(program).happens("Feature Gate Hit")
    assert [(d.workflow, d.reason) for d in story.decisions()] == [
        ("high", Reason.ENROLLED),
        ("low", Reason.OUTRANKED),
    ]
    story.after(DAY)
    assert [e.workflow for e in story.enrollments()] == ["low"]


def test_an_account_journey_holds_the_slots_of_those_it_addresses_and_of_no_other_seat() -> None:
    account = workflow(trigger="{on: Limit Reached}", journey=HELP_THEN_OFFER, unit="account")
    seat = workflow(trigger=GATE, journey=HELP_THEN_OFFER)
    story = Story(make_program({"account": account, "seat": seat}), "a:acme")
    story.member("ada", "admin").member("bob").happens("Limit Reached")
    story.happens("Feature Gate Hit", by="ada").happens("Feature Gate Hit", by="bob")
    assert [(d.workflow, d.unit_id, d.reason) for d in story.decisions()] == [
        ("account", "a:acme", Reason.ENROLLED),
        ("seat", "c:ada", Reason.OUTRANKED),
        ("seat", "c:bob", Reason.ENROLLED),
    ]


def test_one_seat_of_a_large_account_does_not_block_the_others() -> None:
    account = workflow(trigger="{on: Limit Reached}", journey=HELP_THEN_OFFER, unit="account")
    seat = workflow(trigger=GATE, journey=HELP_THEN_OFFER)
    story = Story(make_program({"account": account, "seat": seat}), "a:acme")
    story.member("ada", "admin").member("eve", "admin").happens("Feature Gate Hit", by="ada")
    story.happens("Limit Reached")
    assert [m.customer_id for m in story.mails()] == ["ada", "eve"]


@pytest.mark.parametrize(
    ("roster", "expected"),
    [
        ([("ada", "admin"), ("bob", "billing")], ["ada"]),
        ([("bob", "billing")], None),
        ([("ada", "admin"), ("abe", "admin")], ["abe", "ada"]),
    ],
)
def test_an_account_is_addressed_through_its_admins_or_not_at_all(
    roster: list[tuple[str, str]], expected: list[str] | None
) -> None:
    program = make_program({"w": workflow(trigger="{on: Limit Reached}", journey=HELP, unit="account")})
    story = Story(program, "a:acme")
    for customer_id, role in roster:
        story.member(customer_id, role)
    story.happens("Limit Reached")
    if expected is None:
        assert story.reasons() == [Reason.NO_RECIPIENT]
    else:
        assert [mail.customer_id for mail in story.mails()] == expected


def test_no_recipient_is_asked_before_the_holdout() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=HELP, holdout="99%")})
    story = Story(program).happens("Customer Identified", email=None).happens("Feature Gate Hit")
    assert story.reasons() == [Reason.NO_RECIPIENT]


def test_withdrawn_consent_ends_that_person_only_and_takes_back_what_was_not_sent() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=HELP)})
    story = Story(program, delivers=False).happens("Feature Gate Hit").happens("Consent Withdrawn")
    assert [back.key for back in story.withdrawn()] == [story.mails()[0].key]
    assert story.reasons() == [Reason.ENROLLED, Reason.NO_RECIPIENT]
    story.after(HOUR).happens("Feature Gate Hit")
    assert story.reasons()[-1] is Reason.NO_CONSENT


def names(rate: float, *, drawn: bool) -> list[str]:
    return [f"c:p{n}" for n in range(60) if is_drawn(rate, "w", f"c:p{n}") is drawn][:8]


def test_the_holdout_is_asked_last_so_the_held_out_are_refused_for_the_same_reasons() -> None:
    program = make_program(
        {"w": workflow(trigger=GATE, journey=HELP, holdout="50%", eligible="[customer.adult]")}
    )
    for household_id in (*names(0.5, drawn=True), *names(0.5, drawn=False)):
        story = Story(program, household_id).happens("Feature Gate Hit")
        assert story.reasons() == [Reason.INELIGIBLE]


def test_a_held_out_unit_walks_a_shadow_that_spends_and_holds_and_hears_nothing() -> None:
    workflows = {
        "w": workflow(trigger=GATE, journey=HELP_THEN_OFFER, holdout="50%", more="priority: 9"),
        "x": workflow(trigger=GATE, journey=HELP_THEN_OFFER),
    }
    story = Story(make_program(workflows, policy=CAPS), names(0.5, drawn=True)[0])
    story.happens("Feature Gate Hit")
    assert [(d.workflow, d.reason) for d in story.decisions()] == [
        ("w", Reason.HELD_OUT),
        ("x", Reason.CAPPED),
    ]
    assert story.mails() == []
    assert [event.name for event in story.recorded()] == ["Message Withheld"]
    assert len(story.unit().contact.touches) == 1
    assert story.unit().slot == story.enrollments()[0].id


def test_treated_and_held_out_are_exposed_at_the_same_point_with_their_planned_shares() -> None:
    journey = "[{wait: 1 day}, {email: {content: t1, intent: help}}]"
    program = make_program({"w": workflow(trigger=GATE, journey=journey, holdout="50%")})
    found = {}
    for drawn in (True, False):
        story = Story(program, names(0.5, drawn=drawn)[0]).happens("Feature Gate Hit")
        assert story.exposures() == []
        story.after(DAY)
        (exposure,) = story.exposures()
        found[exposure.arm] = (exposure.share, exposure.exposed_at)
    assert found["holdout"] == found["treated"]


@pytest.mark.parametrize("receipt", [True, False])
def test_the_second_gate_stops_a_message_for_what_became_true_in_between(receipt: bool) -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=OFFER)})
    story = Story(program, delivers=False).happens("Feature Gate Hit")
    (mail,) = story.mails()
    assert ask_gate(program, story.household, mail, story.now) is None
    story.happens("Ticket Opened", ticket_id="7")
    verdict = ask_gate(program, story.household, mail, story.now)
    assert verdict is not None
    assert (verdict.reason, verdict.rule) == (Reason.SENSITIVE, "open_ticket")
    if receipt:
        story.receipt(mail, "Message Withheld").happens("Ticket Closed", ticket_id="7").after(2 * DAY)
        assert [again.visit for again in story.mails()] == [1, 2]
        assert len({again.key for again in story.mails()}) == 2


def test_the_second_gate_stops_a_message_of_a_journey_that_reached_its_goal() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=OFFER)})
    story = Story(program, delivers=False).happens("Feature Gate Hit")
    story.happens("Subscription Started", plan="pro", amount=14900)
    verdict = ask_gate(program, story.household, story.mails()[0], story.now)
    assert verdict is not None
    assert verdict.reason is Reason.LEFT


def test_a_downgrade_silences_offers_in_the_very_event_that_brings_it() -> None:
    program = make_program({"w": workflow(trigger="{when: plan.tier = 1}", journey=OFFER)})
    story = Story(program).happens("Subscription Started", plan="pro", amount=14900)
    story.happens("Subscription Changed", plan="starter", amount=4900)
    assert [(d.reason, d.rule) for d in story.decisions()] == [(Reason.SENSITIVE, "recent_downgrade")]


def test_a_blocked_candidate_that_fires_again_is_written_down_once_and_waits_its_term_anew() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=OFFER)})
    story = Story(program).happens("Ticket Opened", ticket_id="1").happens("Feature Gate Hit")
    story.after(10 * DAY).happens("Feature Gate Hit").after(14 * DAY - 1)
    assert story.reasons() == [Reason.SENSITIVE]
    story.after(1)
    assert story.reasons() == [Reason.SENSITIVE, Reason.LAPSED]


QUIET_END = "[{email: {content: t1, intent: offer, offer: pro-annual}}, {wait: 1 day}]"


def test_a_slot_that_an_accounts_journey_gives_back_is_had_at_once_by_the_seat_that_waits_for_it() -> None:
    account = workflow(trigger="{on: Limit Reached}", journey=QUIET_END, unit="account")
    seat = workflow(trigger=GATE, journey=HELP_THEN_OFFER)
    story = Story(make_program({"account": account, "seat": seat}), "a:acme").member("ada", "admin")
    story.happens("Limit Reached").happens("Feature Gate Hit", by="ada").after(DAY)
    assert [(d.workflow, d.reason) for d in story.decisions()][1:] == [
        ("seat", Reason.OUTRANKED),
        ("account", Reason.FINISHED),
        ("seat", Reason.ENROLLED),
    ]


def test_a_slot_that_a_seats_journey_gives_back_is_had_at_once_by_the_account_that_waits_for_it() -> None:
    account = workflow(trigger="{on: Limit Reached}", journey=HELP_THEN_OFFER, unit="account")
    seat = workflow(trigger=GATE, journey=QUIET_END)
    story = Story(make_program({"account": account, "seat": seat}), "a:acme").member("ada", "admin")
    story.happens("Feature Gate Hit", by="ada").happens("Limit Reached").after(DAY)
    assert [(d.workflow, d.reason) for d in story.decisions()][1:] == [
        ("account", Reason.OUTRANKED),
        ("seat", Reason.FINISHED),
        ("account", Reason.ENROLLED),
    ]


def test_a_candidate_that_waits_is_asked_before_one_of_lower_rank_that_fires_as_its_gate_opens() -> None:
    low = workflow(trigger="{when: customer.calm}", journey=HELP_THEN_OFFER, more="priority: 1")
    high = workflow(trigger=GATE, journey=HELP_THEN_OFFER, suppress="[not customer.calm]", more="priority: 9")
    high = high.replace("intent: help", "intent: show")
    story = Story(make_program({"low": low, "high": high})).happens("Customer Identified", calm=False)
    story.happens("Feature Gate Hit").happens("Customer Identified", calm=True)
    assert [(d.workflow, d.reason) for d in story.decisions()] == [
        ("high", Reason.SUPPRESSED),
        ("high", Reason.ENROLLED),
        ("low", Reason.OUTRANKED),
    ]


@pytest.mark.parametrize("name", ["Message Sent", "Message Unknown"])
def test_a_message_that_was_sent_too_late_to_take_back_keeps_its_place(name: str) -> None:
    workflows = {
        "a": workflow(trigger=GATE, journey=HELP),
        "b": workflow(trigger="{on: Limit Reached}", journey=HELP),
    }
    story = Story(make_program(workflows, policy=CAPS), delivers=False).happens("Feature Gate Hit")
    (mail,) = story.mails()
    story.happens("Subscription Started", plan="pro", amount=14900)
    assert [back.key for back in story.withdrawn()] == [mail.key]
    story.receipt(mail, name).happens("Limit Reached")
    assert story.reasons()[-1] is Reason.CAPPED


def test_a_paused_workflow_takes_nobody_in_whichever_side_of_a_branch_would_speak() -> None:
    journey = "[{if: customer.x, then: [end], else: [{email: {content: t1, intent: help}}]}]"
    program = make_program({"w": workflow(trigger=GATE, journey=journey, more="status: paused")})
    assert Story(program).happens("Feature Gate Hit").reasons() == [Reason.PAUSED]


def test_a_cancellation_is_pending_until_it_is_taken_back_or_the_subscription_has_ended() -> None:
    program = make_program(
        {"w": workflow(trigger=GATE, journey=OFFER)}, policy="policy: {patience: 60 days}\n"
    )
    back = Story(program).happens("Subscription Started", plan="starter", amount=4900)
    back.happens("Subscription Canceled", ends_at="2026-03-22T09:00:00Z").happens("Feature Gate Hit")
    assert back.reasons() == [Reason.SENSITIVE]
    back.after(DAY).happens("Subscription Changed", plan="starter", amount=4900).after(30 * DAY)
    assert back.contents() == ["t1"]
    gone = Story(program).happens("Subscription Started", plan="starter", amount=4900)
    gone.happens("Subscription Canceled", ends_at="2026-03-22T09:00:00Z").happens("Feature Gate Hit")
    gone.after(50 * DAY - 1)  # it ends after 20 days, and the state cools down for 30
    assert gone.contents() == []
    gone.after(1)
    assert gone.contents() == ["t1"]


def test_a_frozen_journey_that_another_state_stops_says_so() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=HELP_THEN_OFFER)})
    story = Story(program).happens("Feature Gate Hit").happens("Ticket Opened", ticket_id="1").after(DAY)
    story.happens("Invoice Payment Failed", invoice_id="1").happens("Ticket Closed", ticket_id="1")
    story.after(3 * DAY)
    told = [(decision.reason, decision.rule) for decision in story.decisions()]
    assert told == [(Reason.ENROLLED, ""), (Reason.FROZEN, "open_ticket"), (Reason.FROZEN, "failed_payment")]


def test_the_global_control_is_asked_by_household_so_no_seat_of_its_accounts_hears_anything() -> None:
    policy = "policy: {global_control: 50%}\n"
    program = make_program({"w": workflow(trigger=GATE, journey=HELP)}, policy=policy)
    found = set()
    for number in range(12):
        story = Story(program, f"a:company-{number}")
        for person in ("ada", "bob", "eve"):
            story.member(f"{person}{number}", "admin").happens("Feature Gate Hit", by=f"{person}{number}")
        told = {decision.reason for decision in story.decisions()} - {Reason.FINISHED}
        assert len(told) == 1
        assert bool(story.mails()) is (told == {Reason.ENROLLED})
        assert {exposure.contrast for exposure in story.exposures()} >= {"control"}
        found |= told
    assert found == {Reason.ENROLLED, Reason.CONTROL}
