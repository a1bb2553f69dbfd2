"""Guardrails live: complaints come in, the workflow pauses, its owner is told, and somebody lets it go on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.policy import default
from subprocess import CompletedProcess
from threading import Event, Thread

import pytest

from tests.commands import run_command
from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import HOST, Sink, open_sink
from tests.stories.world import workflow
from upsell.channels.channel import Letter, Receipt
from upsell.channels.email import EmailChannel
from upsell.clock import DAY, HOUR, MINUTE, SystemClock
from upsell.config import Settings
from upsell.decisions.guardrails import Action
from upsell.decisions.reasons import Reason
from upsell.measurement.guardrails import Standing
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.doctor import examine
from upsell.runtime.explaining import explain_now, explain_past
from upsell.runtime.guarding import ALL_MAIL, Guarded, guard, read_guardrails, read_live
from upsell.runtime.live import run_guard
from upsell.runtime.notices import LEASE, tell_owners
from upsell.store import guardrails as store
from upsell.store.acts import Act, read_acts
from upsell.store.guardrails import (
    NoticeState,
    end_breaches,
    read_breaches,
    read_message_sums,
    read_unit_sums,
)
from upsell.store.queries import query

pytestmark = pytest.mark.postgres

MAIL = "{email: {content: t1, intent: help}}"
ON = "{on: Pricing Viewed, again_after: 1 days}"


def documents(
    more: str = "guardrails: {complaint_rate: 1%, least: 30}", *, policy: str = "", **others: str
) -> dict[str, str]:
    texts = {"w": workflow(trigger=ON, journey=f"[{MAIL}]", more=more), **others}
    return dict(make_documents(texts, policy=policy or "policy: {guardrails: {mailbox_limits: false}}\n"))


def meet(world: LiveWorld, first: int, last: int, domain: str = "example.com") -> list[str]:
    who = [f"p{number}" for number in range(first, last)]
    world.append([world.event("Customer Identified", each, email=f"{each}@{domain}") for each in who])
    return who


def view(world: LiveWorld, who: Sequence[str], name: str = "Pricing Viewed") -> None:
    world.append([world.event(name, each) for each in who])


def keys(world: LiveWorld, workflow: str = "w") -> list[str]:
    return [
        row[0]
        for row in world.rows(
            f"select key from outbox where workflow = '{workflow}' and state = 'sent' order by customer_id"
        )
    ]


def complain(world: LiveWorld, said: Sequence[str]) -> None:
    world.append(
        [world.event("Message Complained", f"x{number}", key=key) for number, key in enumerate(said)]
    )


def owner_mails(sink: Sink) -> list[bytes]:
    return [mail for mail in sink.contents if b"To: owner@acme.example" in mail]


def tell(world: LiveWorld, sink: Sink) -> int:
    return tell_owners(world.connection, world.clock, EmailChannel(HOST, sink.port))


def only(world: LiveWorld, guardrail: str = "complaint_rate", of: str = "w") -> Guarded:
    program = read_live(world.connection)
    assert program is not None
    (found,) = (
        each
        for each in read_guardrails(world.connection, program)
        if (each.workflow, each.guardrail) == (of, guardrail)
    )
    return found


@pytest.fixture
def sent(database: str) -> Iterator[tuple[LiveWorld, Sink]]:
    """Forty people were mailed."""
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(documents())
        view(world, meet(world, 0, 40))
        world.settle()
        assert len(sink.accepted) == 40
        yield world, sink


def test_complaints_pause_a_workflow_nothing_more_is_sent_its_owner_is_told_once_and_it_goes_on(
    sent: tuple[LiveWorld, Sink],
) -> None:
    world, sink = sent
    assert guard(world.connection, world.clock) == []
    late = meet(world, 40, 45)
    view(world, late[:3])
    world.worker.run_until_idle()
    assert world.states() == {"sent": 40, "reserved": 3}
    complain(world, keys(world)[:6])
    (breach,) = guard(world.connection, world.clock)
    assert (breach.workflow, breach.action) == ("w", Action.PAUSE)
    assert breach.words.startswith("complaint_rate: 6 complaints of 40 delivered; rate 15 %, between ")
    assert breach.words.endswith("limit 1 %")
    # What was reserved already is not sent, nor is anybody let in.
    view(world, late[3:])
    world.settle()
    assert len(sink.accepted) == 40
    reasons = dict(world.rows("select unit_id, reason from decisions order by number"))
    assert reasons["c:p44"] == Reason.PAUSED.value
    assert guard(world.connection, world.clock) == [], "it is found once"
    assert [tell(world, sink), tell(world, sink)] == [1, 0]
    (mail,) = owner_mails(sink)
    parsed = message_from_bytes(mail, policy=default)
    body = parsed.get_body(("plain",))
    assert body is not None
    assert "6 complaints of 40 delivered" in body.get_content()
    assert "upsell guardrail resume w --why" in body.get_content()
    world.after(3 * HOUR)
    assert len(sink.accepted) == 41, "the forty and the notice"
    assert end_breaches(world.connection, world.clock, "w", "ada", "the list was cleaned") == 1
    world.after(2 * HOUR)
    assert len(sink.accepted) == 46, "who waited is written to within two hours"
    (ended,) = read_breaches(world.connection)
    assert (ended.ended_by, ended.why) == ("ada", "the list was cleaned")


def test_after_it_was_let_go_on_counting_begins_anew_from_that_moment(sent: tuple[LiveWorld, Sink]) -> None:
    world, _ = sent
    before = keys(world)
    complain(world, before[:6])
    guard(world.connection, world.clock)
    end_breaches(world.connection, world.clock, "w", "ada", "the list was cleaned")
    world.after(MINUTE)
    # Complaints about what was sent before are about what was mended since.
    complain(world, before[6:20])
    assert guard(world.connection, world.clock) == []
    assert only(world).reading.counted == 0
    view(world, meet(world, 100, 140))
    world.settle()
    guard(world.connection, world.clock)
    reading = only(world).reading
    assert (reading.counted, reading.seen) == (40, 0)
    complain(world, [key for key in keys(world) if key not in before][:6])
    assert len(guard(world.connection, world.clock)) == 1, "it is broken anew"


def test_a_warning_lets_the_workflow_go_on_and_tells_its_owner_once(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(documents("guardrails: {complaint_rate: 1%, action: warn, least: 30}"))
        view(world, meet(world, 0, 40))
        world.settle()
        complain(world, keys(world)[:6])
        (breach,) = guard(world.connection, world.clock)
        assert breach.action is Action.WARN
        assert tell(world, sink) == 1
        assert guard(world.connection, world.clock) == []
        assert tell(world, sink) == 0
        world.after(MINUTE)
        view(world, meet(world, 40, 50))
        world.settle()
        assert len(sink.accepted) == 51


def test_a_message_counts_once_for_each_way_however_often_it_is_told(sent: tuple[LiveWorld, Sink]) -> None:
    world, _ = sent
    (first, second, *_) = keys(world)
    complain(world, [first, first, first])
    guard(world.connection, world.clock)
    complain(world, [first])
    world.happens("Message Bounced", "p1", key=second)
    world.happens("Message Bounced", "p1", key=second, reason="again")
    guard(world.connection, world.clock)
    (sums,) = read_message_sums(world.connection)
    assert (sums.sent, sums.complained, sums.bounced) == (40, 1, 1)


def test_who_unsubscribes_answers_the_last_message_they_were_sent_within_a_week(
    sent: tuple[LiveWorld, Sink],
) -> None:
    world, _ = sent
    world.happens("Consent Withdrawn", "p1", channel="email")
    world.happens("Consent Withdrawn", "p2", channel="sms")
    world.happens("Consent Withdrawn", "p3", channel="email", purpose="profiling")
    world.happens("Consent Withdrawn", "p6", channel="email", until="2027-01-01T00:00:00Z")
    world.happens("Consent Withdrawn", "nobody", channel="email")
    world.happens("Message Complained", "p5", key="no\0key", reason="\0")
    world.after(7 * DAY)
    world.happens("Consent Withdrawn", "p4", channel="email")
    guard(world.connection, world.clock)
    (sums,) = read_message_sums(world.connection)
    # What says nothing that the database can read is about the last message too.
    assert (sums.sent, sums.unsubscribed, sums.complained) == (40, 1, 1)


def test_an_address_that_a_mail_server_refuses_for_good_is_a_bounce_and_one_for_now_is_none(
    database: str,
) -> None:
    def answer(recipient: str) -> str:
        return {"p1": "550 no such user", "p2": "451 later"}.get(recipient.partition("@")[0], "250 OK")

    with open_sink(answer) as sink, open_world(database, sink) as world:
        world.apply(documents())
        view(world, meet(world, 0, 5))
        world.settle()
        guard(world.connection, world.clock)
        (sums,) = read_message_sums(world.connection)
        assert (sums.sent, sums.bounced) == (4, 1)


def test_summing_the_ledger_in_any_pieces_gives_what_summing_it_whole_gives(
    sent: tuple[LiveWorld, Sink], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = sent
    said = keys(world)
    complain(world, said[:3])
    world.append([world.event("Message Bounced", "p9", key=key) for key in said[2:8]])
    world.append(
        [world.event("Consent Withdrawn", f"p{number}", channel="email") for number in range(20, 25)]
    )
    guard(world.connection, world.clock)
    whole = read_message_sums(world.connection)
    assert [(one.sent, one.complained, one.bounced, one.unsubscribed) for one in whole] == [(40, 3, 6, 5)]
    for pieces in (1, 7, 45):
        world.connection.execute(
            "truncate guarded_messages, guarded_troubles, guarded_signals, guarded_units"
        )
        world.connection.execute(
            "update guarded set position = 0, seen_at = moment(0), closed_to = moment(0)"
        )
        monkeypatch.setattr(store, "AT_ONCE", pieces)
        guard(world.connection, world.clock)
        assert read_message_sums(world.connection) == whole


def test_complaints_are_held_by_default_to_what_mailbox_providers_publish_over_all_mail(
    database: str,
) -> None:
    # 700 at Gmail of the bad workflow, 700 elsewhere of the good one.
    bad = workflow(trigger="{on: Feature Gate Hit, again_after: 1 days}", journey=f"[{MAIL}]")
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(documents("", policy=" ", bad=bad))
        view(world, meet(world, 0, 700))
        view(world, meet(world, 1000, 1700, "gmail.com"), "Feature Gate Hit")
        world.settle()
        complain(world, keys(world, "bad")[:12])
        (breach,) = guard(world.connection, world.clock)
        assert (breach.workflow, breach.action) == ("bad", Action.PAUSE), "the rest keeps to the limits"
        program = read_live(world.connection)
        assert program is not None
        gmail = [
            each
            for each in read_guardrails(world.connection, program)
            if each.guardrail == "gmail_complaints"
        ]
        assert [each.workflow for each in gmail] == [ALL_MAIL, ALL_MAIL]
        assert {(each.reading.counted, each.reading.seen) for each in gmail} == {(700, 12)}
        assert {each.reading.standing for each in gmail} == {Standing.BEYOND}
        assert {each.concerns for each in gmail} == {("bad",)}
        tell(world, sink)
        assert len(owner_mails(sink)) == 1, "who is paused is told of once, whatever else is beyond"
        end_breaches(world.connection, world.clock, "bad", "ada", "the list was cleaned")
        assert guard(world.connection, world.clock) == [], "all mail is counted anew as well"


def test_the_events_that_are_counted_are_those_the_index_holds(database: str) -> None:
    with open_world(database) as world:
        ((definition,),) = world.rows("select indexdef from pg_indexes where indexname = 'events_guarded'")
        assert set(re.findall(r"'([A-Z][^']*)'::text", definition)) == store.GUARDED_EVENTS
        assert set(re.findall(r"'([A-Z][^']*)'", query("find_guarded").decode())) == store.GUARDED_EVENTS


def test_an_excess_beyond_the_holdout_pauses(database: str) -> None:
    # Planted: a fifth of those spoken to cancel within the window, and of those held out nobody but one.
    more = "guardrails: {excess_churn_rate: 2%, excess_refund_rate: 2%}"
    text = workflow(trigger=ON, journey=f"[{MAIL}]", holdout="30%", more=more)
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(documents(w=text))
        view(world, meet(world, 0, 1200))
        world.settle()
        exposed = dict(world.rows("select unit_id, arm from exposures where contrast = 'holdout'"))
        treated = sorted(unit for unit, arm in exposed.items() if arm == "treated")
        held = sorted(unit for unit, arm in exposed.items() if arm != "treated")
        world.after(DAY)
        leaving = treated[: len(treated) // 3] + held[:1]
        world.append([world.event("Subscription Canceled", unit[2:]) for unit in leaving])
        world.after(12 * DAY)
        assert guard(world.connection, world.clock) == []
        assert read_unit_sums(world.connection) == [], "no window has closed"
        world.after(2 * DAY)
        (breach,) = guard(world.connection, world.clock)
        assert breach.guardrail == "excess_churn_rate"
        assert re.search(
            r"excess [\d.]+ pp, between [\d.]+ pp and [\d.]+ pp, limit 2 pp beyond the holdout", breach.words
        )
        sums = {
            each.arm: (each.units, each.churned, each.refunds) for each in read_unit_sums(world.connection)
        }
        assert sums == {"treated": (len(treated), len(treated) // 3, 0), "holdout": (len(held), 1, 0)}
        guard(world.connection, world.clock)
        again = {each.arm: each.units for each in read_unit_sums(world.connection)}
        assert again == {"treated": len(treated), "holdout": len(held)}, "each unit is closed once"
        assert only(world, "excess_refund_rate").reading.standing is Standing.TOO_FEW


class Crashing:
    """A channel that is lost before or after the mail server took the letter."""

    def __init__(self, channel: EmailChannel, *, after: bool) -> None:
        self._channel = channel
        self._after = after

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        if self._after:
            await self._channel.send(letters, within)
        raise KeyboardInterrupt

    async def close(self) -> None:
        await self._channel.close()


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_while_telling_the_owner_is_unknown_and_never_told_twice(
    sent: tuple[LiveWorld, Sink], *, after: bool
) -> None:
    world, sink = sent
    complain(world, keys(world)[:6])
    guard(world.connection, world.clock)
    with pytest.raises(KeyboardInterrupt):
        tell_owners(world.connection, world.clock, Crashing(EmailChannel(HOST, sink.port), after=after))
    assert tell(world, sink) == 0
    world.clock.move_to(world.clock.now() + LEASE)
    assert tell(world, sink) == 0
    assert len(owner_mails(sink)) == int(after)
    (breach,) = read_breaches(world.connection)
    assert breach.notice is NoticeState.UNKNOWN


def test_a_crash_between_the_decision_and_the_notice_loses_neither(sent: tuple[LiveWorld, Sink]) -> None:
    world, sink = sent
    complain(world, keys(world)[:6])
    found = guard(world.connection, world.clock)
    # Whoever decided is gone; another process looks, and tells.
    assert guard(world.connection, world.clock) == []
    assert len(found) == 1
    assert tell(world, sink) == 1
    assert len(owner_mails(sink)) == 1


def test_a_mail_server_that_is_away_is_tried_again_and_an_owner_without_an_address_is_said(
    sent: tuple[LiveWorld, Sink],
) -> None:
    world, sink = sent
    complain(world, keys(world)[:6])
    guard(world.connection, world.clock)
    tell_owners(world.connection, world.clock, EmailChannel(HOST, 1))
    (breach,) = read_breaches(world.connection)
    assert breach.notice is NoticeState.DUE
    assert tell(world, sink) == 0, "not before its pause is over"
    world.clock.move_to(world.clock.now() + MINUTE)
    assert tell(world, sink) == 1
    before = keys(world)
    end_breaches(world.connection, world.clock, "w", "ada", "mended")
    world.after(MINUTE)
    text = documents()["workflows/w.yaml"].replace("owner: owner@acme.example", "owner: the growth team")
    world.apply(documents(w=text))
    view(world, meet(world, 200, 240))
    world.settle()
    complain(world, [key for key in keys(world) if key not in before][:6])
    guard(world.connection, world.clock)
    assert tell(world, sink) == 0
    assert read_breaches(world.connection)[-1].notice is NoticeState.NOBODY


def test_what_was_read_before_somebody_let_it_go_on_pauses_nothing(sent: tuple[LiveWorld, Sink]) -> None:
    world, _ = sent
    complain(world, keys(world)[:6])
    stale = store.Broken("complaint_rate", Action.PAUSE, "read before", ended=0)
    guard(world.connection, world.clock)
    end_breaches(world.connection, world.clock, "w", "ada", "mended")
    assert store.keep_breach(world.connection, world.clock, "w", stale) is None


def test_a_past_moment_is_explained_with_the_pause_of_that_moment_and_the_doctor_knows_of_it(
    sent: tuple[LiveWorld, Sink],
) -> None:
    world, sink = sent
    meet(world, 300, 301)
    world.settle()
    world.after(HOUR)
    complain(world, keys(world)[:6])
    guard(world.connection, world.clock)
    tell(world, sink)
    during = world.clock.now() + MINUTE
    world.after(HOUR)
    answer = explain_now(world.connection, "c:p300", world.clock.now(), None).explanations[0]
    assert "6 complaints of 40 delivered" in answer.words
    assert "upsell guardrail resume w lets it go on" in answer.words
    (finding,) = (
        each
        for each in diagnose(examine(world.connection, world.clock.now()))
        if each.code == "guardrail-broken"
    )
    assert finding.subject == "w"
    assert "upsell guardrail resume w" in finding.advice
    end_breaches(world.connection, world.clock, "w", "ada", "mended")
    world.after(HOUR)

    def words(at: int) -> str:
        return explain_past(world.connection, "c:p300", at, None).explanations[0].words

    assert "6 complaints" not in words(during - HOUR)
    assert "6 complaints" in words(during)
    assert "6 complaints" not in words(world.clock.now())


def test_the_guard_that_runs_beside_the_worker_pauses_and_tells_and_a_second_one_adds_nothing(
    sent: tuple[LiveWorld, Sink], database: str
) -> None:
    world, sink = sent
    complain(world, keys(world)[:6])
    stopped = Event()
    settings = Settings(smtp_host=HOST, smtp_port=sink.port)
    guards = [
        Thread(target=run_guard, args=(database, settings, SystemClock(), stopped.is_set)) for _ in range(2)
    ]
    for each in guards:
        each.start()
    try:
        for _ in range(600):
            if any(each.notice is NoticeState.SENT for each in read_breaches(world.connection)):
                break
            stopped.wait(0.1)
    finally:
        stopped.set()
        for each in guards:
            each.join()
    (breach,) = read_breaches(world.connection)
    assert (breach.notice, breach.notice_to) == (NoticeState.SENT, "owner@acme.example")
    assert len(owner_mails(sink)) == 1


def test_the_commands_show_list_and_let_go_on(sent: tuple[LiveWorld, Sink], database: str) -> None:
    def run(*words: str) -> CompletedProcess[str]:
        return run_command(*words, UPSELL_DATABASE_URL=database, USER="ada", LOGNAME="ada")

    world, _ = sent
    healthy = run("guardrails")
    assert healthy.returncode == 0, healthy.stderr
    assert re.search(r"w +complaint_rate +pause +40 +0 +0 % +0 % to .* within", healthy.stdout)
    complain(world, keys(world)[:6])
    shown = run("guardrails", "--show")
    assert "within" in shown.stdout, "it sums nothing"
    broken = run("guardrails")
    assert re.search(r"w +complaint_rate +pause +40 +6 +15 % .* paused", broken.stdout)
    assert 'upsell guardrail resume w --why "..."' in broken.stdout
    said = json.loads(run("guardrails", "--json").stdout)
    assert [(each["seen"], each["counted"], each["standing"]) for each in said["guardrails"]] == [
        (6, 40, "beyond")
    ]
    assert [each["workflow"] for each in said["open"]] == ["w"]
    assert run("guardrail", "resume", "w").returncode == 2, "why is asked for"
    resumed = run("guardrail", "resume", "w", "--why", "the list was cleaned")
    assert (resumed.returncode, resumed.stdout) == (
        0,
        "w goes on (1 closed); counting begins anew from now.\n",
    )
    again = run("guardrail", "resume", "w", "--why", "the list was cleaned")
    assert again.returncode == 1
    listed = run("guardrail", "list").stdout
    assert "ada: the list was cleaned" in listed
    (done,) = read_acts(world.connection, 9)
    assert (done.act, done.by, done.about) == (Act.GUARDRAIL_LIFTED, "shell:ada", "w")
    assert "6 complaints of 40 delivered" in listed
