"""Approving: what is above a limit waits for somebody else than who asked, and is sold as it was accepted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from litestar.testing import TestClient

from tests.acceptance.test_accepting import PRICE
from tests.acceptance.test_order_mails import PROMISED, Post
from tests.commands import typed
from tests.live_world import open_world
from tests.sinks import GATEWAY_SECRET, LOCAL, open_gateway, open_sink
from upsell.channels.fulfillers import WebhookFulfiller
from upsell.channels.link_facts import QUOTE, key_token
from upsell.channels.signing import read_secret
from upsell.clock import DAY, SECOND
from upsell.errors import ConfigError, StoreError
from upsell.runtime.approving import Decision, approve, lapse_due, refuse
from upsell.runtime.fulfilling import settle_by_hand
from upsell.runtime.programs import Programs
from upsell.runtime.telling import Told
from upsell.store.acts import Act as Done
from upsell.store.acts import read_acts
from upsell.store.approvals import Act, read_approvals
from upsell.store.connect import connect
from upsell.store.link_secrets import read_link_secrets
from upsell.store.orders import Order, OrderState
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

LIMIT = "accepting: {approval_above: {USD: 1000}, approval_within: 5 days}\n"
GRACE = Decision("grace@acme.example", "fits the budget")


class Bank(Post):
    """A shop that sells nothing above a limit without approval."""

    def ask(self, who: str = "ada", **traits: str) -> Told:
        return self.take_offer(self.known(who, **traits), who)

    def programs(self) -> Programs:
        programs = Programs()
        programs.refresh(self.world.connection)
        return programs

    def approve(self, order: Order, decision: Decision = GRACE) -> Order:
        return approve(self.world.connection, self.world.clock, self.programs(), order, decision)

    def refuse(self, order: Order, decision: Decision) -> Order:
        return refuse(self.world.connection, self.world.clock, self.programs(), order, decision)

    def names(self) -> list[str]:
        rows = self.world.rows("select name from events order by position")
        return [name for (name,) in rows if name.startswith(("Approval", "Offer A", "Task"))]

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails()]


@pytest.fixture
def bank(database: str) -> Iterator[Bank]:
    with (
        open_sink() as sink,
        open_gateway() as gateway,
        open_world(database, sink, base="https://links.acme.example") as world,
    ):
        bank = Bank(world, database)
        bank.sink, bank.gateway = sink, gateway
        bank.fulfiller = WebhookFulfiller(gateway.url, read_secret(GATEWAY_SECRET), LOCAL, timeout=2)
        bank.apply(PROMISED, settings=LIMIT)
        yield bank
        bank.fulfiller.close()
        bank.decider.close()


def test_above_the_limit_nothing_is_charged_and_it_is_no_acceptance_yet(bank: Bank) -> None:
    told = bank.ask()
    assert (told.order.state, told.is_failed) == (OrderState.ASKED, False)
    assert "One of us first" not in told.message
    assert "confirmed by one of us first, by March 7, 2026 at the latest" in told.message
    assert bank.gateway.requests == []
    assert bank.due() == 0
    assert bank.names() == ["Approval Asked", "Task Opened"]
    ((queue, title, is_open, offer),) = bank.tasks()
    assert (queue, is_open, offer) == ("approval", True, None)
    # By hand: six months at 134.10 and six at 149.
    assert "1,698.60 USD over twelve months, above 1,000.00 USD" in title
    assert bank.subjects() == ["Your quote for Pro"]
    assert bank.take_offer(told.order.key).order == told.order, "asked again it is what it was"


def test_what_is_approved_is_fulfilled_as_it_was_accepted(bank: Bank) -> None:
    order = bank.ask().order
    bank.apply(PROMISED.replace("month: 149", "month: 199"), settings=LIMIT)
    bank.world.clock.move_to(bank.world.clock.now() + 3 * DAY)
    after = bank.approve(bank.order(order.key))
    assert bank.due() == 1
    assert bank.order(order.key).state is OrderState.FULFILLED
    ((_, body),) = bank.gateway.requests
    assert f'"price":{PRICE}'.encode() in body
    ((_, who, said),) = bank.events()
    assert (who, said["price"], said["approved_by"]) == ("ada", PRICE, "grace@acme.example")
    assert after.terms == order.terms
    assert bank.names() == [
        "Approval Asked",
        "Task Opened",
        "Task Closed",
        "Approval Given",
        "Offer Accepted",
    ]
    assert bank.subjects() == ["Your quote for Pro", "Pro is yours"]


def test_nobody_approves_what_they_asked_for(bank: Bank) -> None:
    order = bank.ask().order
    for by in ("ada", "Ada@Acme.Example", "ada+sales@acme.example"):
        with pytest.raises(ConfigError, match="expected somebody else than who asked"):
            bank.approve(order, Decision(by, "please"))
    assert bank.order(order.key).state is OrderState.ASKED


def test_only_those_named_approve(bank: Bank) -> None:
    bank.apply(PROMISED, settings=LIMIT.replace("}, ", "}, approvers: [Grace@acme.example], "))
    order = bank.ask().order
    with pytest.raises(ConfigError, match=r"accepting.approvers of upsell.yaml names Grace@acme.example"):
        bank.approve(order, Decision("bob@acme.example", "why not"))
    assert bank.approve(order).state is OrderState.ACCEPTED


def test_a_refusal_is_told_in_its_words_and_ends_the_passage(bank: Bank) -> None:
    order = bank.ask(locale="de").order
    bank.refuse(order, Decision("grace", "cannot deliver", "Wir liefern gerade nicht so viel."))
    told = bank.take_offer(order.key)
    assert (told.is_failed, told.message) == (True, "Wir liefern gerade nicht so viel.")
    assert bank.gateway.requests == []
    assert bank.events() == []
    assert bank.subjects() == ["Ihr Angebot für Pro", "Pro wurde nicht freigegeben"]
    assert "Wir liefern gerade nicht so viel." in bank.text(bank.mails()[1])
    assert bank.world.rows("select reason from decisions where reason = 'ended_by_hand'") != []


def test_what_nobody_decides_lapses_and_is_told(bank: Bank) -> None:
    order = bank.ask().order
    decide_by = order.decide_by or 0
    bank.world.clock.move_to(decide_by - SECOND)
    assert lapse_due(bank.world.connection, bank.world.clock) == 0
    bank.world.clock.move_to(decide_by)
    with pytest.raises(ConfigError, match="whose time is over"):
        bank.approve(order)
    assert lapse_due(bank.world.connection, bank.world.clock) == 1
    assert lapse_due(bank.world.connection, bank.world.clock) == 0
    assert bank.order(order.key).state is OrderState.LAPSED
    assert bank.subjects() == ["Your quote for Pro", "Your request for Pro has lapsed"]
    assert [is_open for _, _, is_open, _ in bank.tasks()] == [False]


def test_of_two_who_decide_at_once_one_does(bank: Bank) -> None:
    order = bank.ask().order

    def decide(number: int) -> str:
        with connect(bank.url) as connection:
            programs = Programs()
            programs.refresh(connection)
            try:
                approve(connection, bank.world.clock, programs, order, Decision(f"g{number}", "yes"))
            except ConfigError:
                return "refused"
            return "approved"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(decide, range(4)))
    assert sorted(answers) == ["approved", "refused", "refused", "refused"]
    assert len(bank.events()) == 1
    acts = [row.act for row in read_approvals(bank.world.connection, order.key)]
    assert acts == [Act.ASKED, Act.APPROVED]


def test_the_record_is_added_to_and_never_changed(bank: Bank) -> None:
    bank.approve(bank.ask().order)
    for statement in ("update approvals set because = ''", "delete from approvals"):
        with pytest.raises(psycopg.errors.RaiseException, match="added and never changed"):
            bank.world.connection.execute(statement)


def test_what_waits_cannot_be_let_through_another_way(bank: Bank) -> None:
    order = bank.ask().order
    for state in (OrderState.ACCEPTED, OrderState.FULFILLED, OrderState.FAILED):
        with pytest.raises(StoreError, match="needs no approval"):
            settle_by_hand(bank.world.connection, bank.world.clock, order, state, "quickly")


def test_a_trial_and_what_is_under_the_limit_need_nobody(bank: Bank) -> None:
    bank.apply(PROMISED, settings=LIMIT.replace("1000", "1698.60"))
    assert bank.ask().order.state is OrderState.FULFILLED
    bank.apply(PROMISED.replace("months: 6", "months: 6, trial_days: 14"), settings=LIMIT)
    assert bank.ask("bob").order.state is OrderState.FULFILLED


def test_the_quote_says_what_was_accepted_in_their_language(bank: Bank) -> None:
    order = bank.ask(locale="de", last_name="Lovelace").order
    secret = read_link_secrets(bank.world.connection, bank.world.clock.now())[0]
    path = f"/q/{key_token(secret, QUOTE, order.key)}"
    bank.world.worker.run_until_idle()
    with TestClient(make_app(bank.url, bank.world.clock)) as client:
        page: Any = client.get(path)
        assert client.get("/q/" + "A" * 40).status_code == 404
    text = page.text.replace("\xa0", " ")
    for said in (
        "Angebot Q-2026-00001", "7. März 2026", "Ada Lovelace", "134,10 $ im Monat, 6 Monate lang",
        "In den ersten zwölf Monaten: 1.698,60 $", "Your money back within 30 days.", "keine Unterschrift",
    ):  # fmt: skip
        assert said in text, said
    assert not any(said in text for said in ("per month", "Quote", "These terms"))


def test_an_approver_sees_and_decides_on_the_command_line(
    bank: Bank,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order, other = bank.ask().order, bank.ask("bob").order
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UPSELL_DATABASE_URL", bank.url)
    # The command's clock is that of the machine: what was asked by the test's would have lapsed.
    bank.world.connection.execute("update orders set decide_by = now() + interval '3 days'")

    def orders(*words: str) -> tuple[int, str]:
        code, out, err = typed("orders", *words)
        return code, out + err

    assert order.key[:12] in orders("list", "--waiting-approval")[1]
    shown = orders("show", order.key)[1]
    assert "discount 10.0%; policy allows 100%" in shown
    assert "1,698.60 USD over twelve months, above 1,000.00 USD" in shown
    assert orders("quote", order.key) == (0, "quote-Q-2026-00001.pdf\n")
    assert (tmp_path / "quote-Q-2026-00001.pdf").read_bytes().startswith(b"%PDF-")
    assert orders("quote", order.key, "--out", "q.html")[0] == 0
    assert "1,698.60" in (tmp_path / "q.html").read_text("utf-8")
    assert "that can be written anew" in orders("quote", order.key, "--out", "q.html")[1]
    assert "ends in .pdf or .html" in orders("quote", order.key, "--out", "q.txt")[1]
    assert "expected upsell orders approve KEY --by WHO" in orders("approve", order.key, "--because", "x")[1]
    assert "somebody else than who asked" in orders("approve", order.key, "--by", "ada", "--because", "x")[1]
    code, said = orders("approve", order.key, "--by", "grace", "--because", "fits")
    assert (code, "is approved" in said) == (0, True)
    assert "that waits for approval" in orders("approve", order.key, "--by", "grace", "--because", "x")[1]
    assert "needs no approval" in orders("settle", other.key, "--done", "--because", "x")[1]
    refused = ("--by", "grace", "--because", "no", "--tell", "We are sold out.")
    assert "We are sold out." in orders("refuse", other.key, *refused)[1]
    assert "refused" in orders("show", other.key)[1]
    acts = [(done.act, done.about, done.by.partition(":")[0]) for done in read_acts(bank.world.connection, 9)]
    assert acts == [
        (Done.ORDER_REFUSED, other.key, "shell"),
        (Done.ORDER_APPROVED, order.key, "shell"),
    ], "who typed it, whomever they say decided"
