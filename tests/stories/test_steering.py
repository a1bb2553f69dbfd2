"""A hand on a journey, a pause, or a late dispatcher says nothing twice, loses nothing and passes no cap."""

from __future__ import annotations

import msgspec

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow
from upsell.journeys.effects import Speak
from upsell.journeys.gate import ask_gate
from upsell.journeys.program import Program, with_earlier

T1, T2, T3 = (f"{{email: {{content: t{n}, intent: help}}}}" for n in (1, 2, 3))
SELLS = "{email: {content: t2, intent: show}}"
ON_A, ON_B = (f"{{on: {name}, again_after: 1 hour}}" for name in ("A", "B"))


def versions(*texts: dict[str, str], policy: str = "") -> list[Program]:
    """Programs of one workspace that follow each other, each with the workflows of those before."""
    programs = [make_program(each, policy=policy) for each in texts]
    return [
        with_earlier(each, [one for before in programs[:at] for one in before.workflows.values()])
        for at, each in enumerate(programs)
    ]


def goes_on(told: Story, program: Program) -> Story:
    """The story under the next revision."""
    after = Story(program, household=told.household, delivers=told.delivers)
    after.now = told.now
    return after.launches()


def moved(told: Story, step: str, to: str, key: str = "w") -> Story:
    version = told.program.workflows[key].version
    return told.happens(
        "Enrollment Migrated", unit=told.household.id, workflow=key, version=version, steps={step: to}
    )


def gated(told: Story, message: Speak) -> Reason | None:
    verdict = ask_gate(told.program, told.household, message, told.now)
    return verdict.reason if verdict is not None else None


def test_a_passage_that_is_moved_to_a_version_that_sells_takes_the_slot() -> None:
    before, after = versions(
        {"w": workflow(trigger=ON_A, journey=f"[{T1}, {{wait: 3 days}}, {T1}]")},
        {
            "w": workflow(trigger=ON_A, journey=f"[{T1}, {{wait: 3 days}}, {SELLS}]"),
            "other": workflow(trigger=ON_B, journey=f"[{SELLS}]"),
        },
    )
    told = goes_on(Story(before).happens("A").after(HOUR), after)
    assert told.unit().slot is None
    moved(told, "1", "1")
    assert told.unit().slot == told.enrollments()[0].id
    assert told.happens("B").reasons()[-1] is Reason.OUTRANKED


def test_a_passage_is_not_moved_to_a_version_that_sells_while_another_sells() -> None:
    other = workflow(trigger=ON_B, journey=f"[{SELLS}, {{wait: 9 days}}]")
    before, after = versions(
        {"w": workflow(trigger=ON_A, journey=f"[{T1}, {{wait: 3 days}}, {T1}]"), "other": other},
        {"w": workflow(trigger=ON_A, journey=f"[{T1}, {{wait: 3 days}}, {SELLS}]"), "other": other},
    )
    told = goes_on(Story(before).happens("A").happens("B").after(HOUR), after)
    moved(told, "1", "1")
    assert told.reasons()[-1] is Reason.OUTRANKED
    assert told.after(3 * DAY).contents() == ["t1"], "it goes on as it entered"


def test_a_passage_that_is_moved_to_a_version_that_does_not_sell_gives_the_slot_back() -> None:
    other = workflow(trigger=ON_B, journey=f"[{SELLS}]")
    before, after = versions(
        {"w": workflow(trigger=ON_A, journey=f"[{SELLS}, {{wait: 3 days}}, {T1}]"), "other": other},
        {"w": workflow(trigger=ON_A, journey=f"[{T1}, {{wait: 3 days}}, {T1}]"), "other": other},
    )
    told = goes_on(Story(before).happens("A").happens("B").after(HOUR), after)
    assert told.contents() == []
    assert moved(told, "1", "1").contents() == ["t2"], "what waited for the slot has it"


def test_no_message_has_the_key_of_one_from_before_its_passage_was_moved() -> None:
    before, after = versions(
        {"w": workflow(trigger=ON_A, journey=f"[{T1}, {{wait: 1 day}}, {T2}, {{wait: 9 days}}]")},
        {
            "w": workflow(
                trigger=ON_A,
                journey=(
                    "[{email: {content: t1, intent: help}, name: first}, {wait: 9 days}, "
                    "{go: {to: first, at_most: 2}}, {wait: 1 day}]"
                ),
            )
        },
    )
    told = Story(before, delivers=False).happens("A")
    first = told.mails()[0]
    told.receipt(first).after(DAY)
    after_it = moved(goes_on(told, after), "2", "0")
    assert gated(after_it, told.mails()[1]) is Reason.MIGRATED
    after_it.receipt(told.mails()[1], "Message Withheld")
    (again,) = after_it.mails()
    assert again.step == first.step
    assert again.key != first.key
    after_it.receipt(again)
    assert after_it.after(9 * DAY).mails()[1].key not in (first.key, again.key)


def test_what_was_being_sent_when_its_passage_was_moved_is_not_said_again() -> None:
    before, after = versions(
        {"w": workflow(trigger=ON_A, journey=f"[{T1}, {{wait: 1 day}}, {T2}]")},
        {"w": workflow(trigger=ON_A, journey=f"[{T3}, {{wait: 1 day}}, {T2}]")},
    )
    told = Story(before, delivers=False).happens("A")
    moved_on = moved(goes_on(told, after), "0", "0")
    assert moved_on.mails() == []
    moved_on.receipt(told.mails()[0], "Message Sent")
    assert moved_on.after(DAY).contents() == ["t2"]


def test_what_was_not_sent_when_its_passage_was_moved_is_said_as_the_other_version_says_it() -> None:
    before, after = versions(
        {"w": workflow(trigger=ON_A, journey=f"[{T1}, {{wait: 1 day}}, {T2}]")},
        {"w": workflow(trigger=ON_A, journey=f"[{T3}, {{wait: 1 day}}, {T2}]")},
    )
    told = Story(before, delivers=False).happens("A")
    moved_on = moved(goes_on(told, after), "0", "0")
    assert gated(moved_on, told.mails()[0]) is Reason.MIGRATED
    moved_on.receipt(told.mails()[0], "Message Withheld")
    assert moved_on.contents() == ["t3"]


def test_what_was_heard_of_a_step_is_known_of_the_step_it_was_moved_to() -> None:
    asks = "{wait: 3 days, name: rest}, {if: clicked, of: mail, then: [" + T2 + "], else: [" + T3 + "]}"
    mail = "{email: {content: t1, intent: help}, name: mail}"
    before, after = versions(
        {"w": workflow(trigger=ON_A, journey=f"[{mail}, {asks}]")},
        {"w": workflow(trigger=ON_A, journey=f"[{{wait: 1 hour}}, {mail}, {asks}]")},
    )
    told = Story(before).happens("A")
    told.receipt(told.mails()[0], "Message Clicked")
    version = after.workflows["w"].version
    told = goes_on(told, after)
    told.happens(
        "Enrollment Migrated",
        unit="c:ada",
        workflow="w",
        version=version,
        steps={"0": "1", "1": "2", "2": "3"},
    )
    assert told.after(3 * DAY).contents() == ["t2"]


def test_a_webhook_of_a_workflow_that_is_paused_is_told_once_it_goes_on() -> None:
    text = workflow(trigger=ON_A, journey=f"[{{webhook: {{url: 'https://x.example/'}}}}, {T1}]")
    live, paused = versions({"w": text}, {"w": f"{text}\nstatus: paused\n"})
    told = Story(live, delivers=False).happens("A")
    (hook,) = told.mails()
    told = goes_on(told, paused)
    assert gated(told, hook) is Reason.PAUSED
    told.receipt(hook, "Message Withheld").after(DAY)
    assert told.mails() == []
    assert told.reasons() == [Reason.FROZEN]
    told = goes_on(told, live)
    assert [mail.channel for mail in told.mails()] == ["webhook"]
    assert told.receipt(told.mails()[0]).contents() == ["", "t1"]


def test_two_passages_that_set_the_same_trait_at_once_tell_of_it_by_two_events() -> None:
    text = workflow(
        trigger=ON_A, journey="[{wait: 1 day}, {update: {keen: 'true'}}, {wait: 1 day}]", more="key: order"
    )
    told = Story(make_program({"w": text})).happens("A", order="1").happens("A", order="2").after(DAY)
    set_twice = [each.id for each in told.recorded() if each.name == "Customer Identified"]
    assert len(set_twice) == len(set(set_twice)) == 2


ONE_IN_THREE_DAYS = "policy: {caps: [{at_most: 1, within: 3 days}]}\n"


def twice(told: Story) -> list[Speak]:
    """Two messages that were reserved four days apart, and are on their way both."""
    return told.happens("A").after(4 * DAY).happens("B").mails()


def one_mail_each() -> Program:
    texts = {key: workflow(trigger=on, journey=f"[{T1}]") for key, on in (("a", ON_A), ("b", ON_B))}
    return make_program(texts, policy=ONE_IN_THREE_DAYS)


def test_a_message_on_its_way_holds_its_place_however_long_ago_it_was_reserved() -> None:
    told = Story(one_mail_each(), delivers=False)
    (first,) = twice(told)
    assert told.reasons()[-1] is Reason.CAPPED
    assert gated(told, first) is None
    told.receipt(first).after(3 * DAY - 1)
    assert len(told.mails()) == 1
    assert len(told.after(1).mails()) == 2, "three days after it was sent, not after it was reserved"


def test_a_message_that_was_sent_late_counts_from_when_it_was_sent() -> None:
    told = Story(one_mail_each(), delivers=False).happens("A").after(2 * DAY)
    told.receipt(told.mails()[0]).after(2 * DAY).happens("B")
    assert len(told.mails()) == 1
    assert [each.reserved_at for each in told.after(5 * DAY).mails()] == [
        told.now - 9 * DAY,
        told.now - 4 * DAY,
    ]


def test_a_message_reserved_longer_ago_than_places_are_held_reserves_anew() -> None:
    told = Story(one_mail_each(), delivers=False).happens("A").after(7 * DAY - 1)
    (mail,) = told.mails()
    assert gated(told, mail) is None
    assert gated(told.after(1), mail) is Reason.CAPPED
    told.receipt(mail, "Message Withheld")
    assert [each.reserved_at for each in told.mails()] == [told.now - 7 * DAY, told.now]


def test_a_place_from_before_is_read_as_one_of_a_message_that_was_sent() -> None:
    touch = Story(one_mail_each()).happens("A").unit().contact.touches[0]
    assert touch.is_open is False
    row = msgspec.json.decode(msgspec.json.encode(touch))[:-1]
    assert msgspec.json.decode(msgspec.json.encode(row), type=type(touch)) == touch
