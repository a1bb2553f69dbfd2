"""Accepting: what was shown, at the price that was seen, by somebody who may, and once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec
import pytest

from tests.live_world import LiveWorld, make_documents, open_world
from tests.stories.test_prompts import JOURNEY, ON_REQUEST
from tests.stories.world import CATALOG, workflow
from upsell.clock import DAY, HOUR, SECOND
from upsell.errors import DefinitionError
from upsell.runtime.accept_checks import NotAcceptedError
from upsell.runtime.accepting import Accept, AcceptDesk, Accepted, accept
from upsell.runtime.deciding import Asked, Decider
from upsell.runtime.identities import Identity
from upsell.store.orders import OrderState, Via

pytestmark = pytest.mark.postgres

PRICE = 13_410
"""149 USD a month less ten per cent, by the stories' catalog."""


class Shop:
    """A live world in which prompts are shown and accepted."""

    def __init__(self, world: LiveWorld, url: str) -> None:
        self.world, self.url = world, url
        self.decider = Decider(url, world.clock)
        self._asked = 0
        self.extra: dict[str, str] = {}

    def apply(
        self, catalog: str = CATALOG, *, unit: str = "customer", journey: str = JOURNEY, settings: str = ""
    ) -> None:
        documents = dict(
            make_documents({"w": workflow(trigger=ON_REQUEST, journey=journey, unit=unit)}, policy=settings)
        )
        documents["catalog.yaml"] = catalog
        documents |= self.extra
        self.world.apply(documents)
        self.world.worker.run_until_idle()

    def show(self, who: str, account: str | None = None) -> str:
        """Show a prompt to somebody and give its key."""
        self._asked += 1
        self.world.worker.run_until_idle()
        # What is live is read again after a second.
        self.world.clock.move_to(self.world.clock.now() + 2 * SECOND)
        asked = Asked(f"asked-{self._asked}", "usage-page", who, account, {}, is_dry_run=False)
        self.decider.decide(asked)
        self.world.clock.move_to(self.world.clock.now() + SECOND)
        said = self.decider.decide(msgspec.structs.replace(asked, id=f"{asked.id}b")).prompt
        assert said is not None
        return str(said["prompt"])

    def member(self, account: str, who: str, *roles: str) -> None:
        self.world.happens("Account Identified", who, account, roles=list(roles))

    def take(
        self, key: str, who: str, price: int | None = PRICE, currency: str = "USD", **more: Any
    ) -> Accepted:
        asked = Accept(key, Identity(who, more.get("account")), price, currency, more.get("via", Via.PROMPT))
        return accept(self.world.connection, self.world.clock, asked)

    def code(self, act: Callable[[], object]) -> str:
        """Give the code with which something is refused."""
        with pytest.raises(NotAcceptedError) as caught:
            act()
        return caught.value.refusal.value

    def events(self) -> list[tuple[Any, ...]]:
        return self.world.rows(
            "select household_id, customer_id, properties::json from events where name = 'Offer Accepted'"
            " order by position"
        )


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    with open_world(database) as world:
        shop = Shop(world, database)
        yield shop
        shop.decider.close()


def test_what_was_shown_is_taken_with_its_terms_and_is_heard(shop: Shop) -> None:
    shop.apply()
    key = shop.show("ada")
    taken = shop.take(key, "ada")
    order = taken.order
    assert taken.is_new
    assert (order.offer, order.thing, order.terms.price, order.terms.currency) == (
        "pro-annual",
        "pro",
        PRICE,
        "USD",
    )
    assert (order.unit_id, order.household_id, order.customer_id) == ("c:ada", "c:ada", "ada")
    assert (order.state, order.workflow, order.via) == (OrderState.ACCEPTED, "w", Via.PROMPT)
    ((household, customer, said),) = shop.events()
    assert (household, customer) == ("c:ada", "ada")
    names = ("key", "offer", "thing", "price", "currency", "workflow", "via", "by")
    assert {name: said[name] for name in names} == {
        "key": key, "offer": "pro-annual", "thing": "pro", "price": PRICE, "currency": "USD",
        "workflow": "w", "via": "prompt", "by": "ada",
    }  # fmt: skip
    assert said["terms"]["discount"] == order.terms.discount > 0


def test_what_was_taken_is_taken_once_and_answered_alike(shop: Shop) -> None:
    shop.apply()
    key = shop.show("ada")
    first = shop.take(key, "ada")
    shop.world.clock.move_to(shop.world.clock.now() + 400 * DAY)
    second = shop.take(key, "ada", via=Via.PAGE)
    assert (second.is_new, second.order) == (False, first.order)
    assert len(shop.events()) == 1


def test_two_tabs_at_once_make_one_order(shop: Shop) -> None:
    shop.apply()
    key = shop.show("ada")
    asked = Accept(key, Identity("ada"), PRICE, "USD", Via.PROMPT)
    desks = [AcceptDesk(shop.url, shop.world.clock) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda desk: desk.accept(asked), desks))
    assert sum(each.is_new for each in answers) == 1
    assert len({each.order.accepted_at for each in answers}) == 1
    assert len(shop.events()) == 1
    assert shop.world.rows("select count(*) from orders") == [(1,)]


def test_the_same_offer_of_a_passage_is_taken_once_by_whichever_key(shop: Shop) -> None:
    mail = "{email: {content: t1, intent: offer, offer: pro-annual}}"
    shop.apply(journey=f"[{mail}, {JOURNEY[1:]}")
    shop.world.happens("Customer Identified", "ada", email="ada@acme.example")
    shop.world.happens("Consent Given", "ada", channel="email")
    shop.world.happens("Placement Asked", "ada", placement="usage-page")
    shop.world.worker.run_until_idle()
    ((mailed,),) = shop.world.rows("select key from outbox")
    shop.world.connection.execute("update outbox set state = 'sent'")
    shop.world.happens("Message Sent", "ada", key=mailed)
    prompted = shop.show("ada")
    assert prompted != mailed
    first = shop.take(prompted, "ada")
    second = shop.take(mailed, "ada", via=Via.PAGE)
    assert (second.is_new, second.order.key) == (False, first.order.key)


def test_another_price_or_currency_is_never_charged(shop: Shop) -> None:
    shop.apply()
    key = shop.show("ada")
    for price, currency in ((PRICE - 1, "USD"), (PRICE, "EUR"), (None, "USD"), (14_900, "USD")):
        assert shop.code(partial(shop.take, key, "ada", price, currency)) == "price"
    assert shop.events() == []
    assert shop.take(key, "ada").is_new


def test_an_old_price_is_kept_when_the_catalog_changes(shop: Shop) -> None:
    shop.apply()
    key = shop.show("ada")
    shop.apply(CATALOG.replace("month: 149", "month: 199"))
    assert shop.code(lambda: shop.take(key, "ada", 17_910)) == "price"
    assert shop.take(key, "ada").order.terms.price == PRICE


def test_nothing_is_taken_under_a_key_that_showed_nothing(shop: Shop) -> None:
    shop.apply()
    assert shop.code(lambda: shop.take("made-up", "ada")) == "not_found"


def test_what_was_shown_to_one_customer_is_not_anothers(shop: Shop) -> None:
    shop.apply()
    key = shop.show("ada")
    assert shop.code(lambda: shop.take(key, "bob")) == "not_yours"
    assert shop.code(lambda: shop.take(key, "bob", account="ada")) == "not_yours"


def test_whoever_the_customer_went_into_may_take_it(shop: Shop) -> None:
    shop.apply()
    key = shop.show("anon:1")
    shop.world.happens("Customers Merged", "ada", **{"from": "anon:1"})
    assert shop.take(key, "ada").order.customer_id == "ada"
    assert shop.take(key, "anon:1").is_new is False


@pytest.mark.parametrize("role", ["admin", "billing", "owner"])
def test_an_account_accepts_by_a_role_that_may(shop: Shop, role: str) -> None:
    shop.apply(unit="account")
    shop.member("acme", "ada", "member")
    shop.member("acme", "eve", role, "champion")
    key = shop.show("ada", "acme")
    assert shop.code(lambda: shop.take(key, "ada")) == "role"
    assert shop.code(lambda: shop.take(key, "ada", account="acme")) == "role"
    assert shop.code(lambda: shop.take(key, "bob")) == "not_yours"
    assert shop.code(lambda: shop.take(key, "bob", account="acme")) == "role"
    order = shop.take(key, "eve").order
    assert (order.unit_id, order.household_id, order.customer_id) == ("a:acme", "a:acme", "eve")
    assert [(household, who) for household, who, _ in shop.events()] == [("a:acme", "eve")]


def test_a_customer_in_an_account_does_not_charge_it_without_a_role(shop: Shop) -> None:
    shop.apply()
    shop.member("acme", "ada", "member")
    shop.member("acme", "eve", "billing")
    key = shop.show("ada")
    assert shop.code(lambda: shop.take(key, "ada")) == "role"
    order = shop.take(key, "eve").order
    assert (order.unit_id, order.household_id, order.customer_id) == ("c:ada", "a:acme", "eve")
    ((household, customer, said),) = shop.events()
    assert (household, customer, said["by"]) == ("a:acme", "ada", "eve"), "ada's passage hears of it"


def test_a_role_counts_and_is_lost_before_the_worker_has_heard_of_it(shop: Shop) -> None:
    shop.apply(unit="account")
    shop.member("acme", "ada", "admin")
    key = shop.show("ada", "acme")
    shop.member("acme", "ada", "member")
    assert shop.code(lambda: shop.take(key, "ada")) == "role"
    shop.member("acme", "ada", "owner")
    assert shop.take(key, "ada").is_new


def test_the_workspace_says_which_roles_may(shop: Shop) -> None:
    shop.apply(unit="account", settings="accepting: {roles: [champion]}\n")
    shop.member("acme", "ada", "champion")
    shop.member("acme", "eve", "admin")
    key = shop.show("ada", "acme")
    assert shop.code(lambda: shop.take(key, "eve")) == "role"
    assert shop.take(key, "ada").is_new


def test_a_role_that_nobody_can_have_is_refused_where_it_is_written(shop: Shop) -> None:
    with pytest.raises(
        DefinitionError, match=r"upsell.yaml:\d+: expected the name of a role in roles of upsell.yaml"
    ) as caught:
        shop.apply(settings="accepting: {roles: [champoin]}\n")
    assert "did you mean champion?" in str(caught.value)


VALID = CATALOG.replace("discount: 10%", "discount: 10%, valid_for: 2 days")


def test_terms_hold_until_their_end_and_not_at_it(shop: Shop) -> None:
    shop.apply(VALID)
    keys = {who: shop.show(who) for who in ("ada", "bob")}
    ends = dict(
        shop.world.rows(
            "select unit_id, max((terms::json ->> 'expires_at')::bigint) from showings group by 1"
        )
    )
    shop.world.clock.move_to(ends["c:ada"] - 1)
    assert shop.take(keys["ada"], "ada").is_new
    shop.world.clock.move_to(ends["c:bob"])
    assert shop.code(lambda: shop.take(keys["bob"], "bob")) == "over"


def test_an_offer_without_an_end_is_over_when_it_is_made_no_more(shop: Shop) -> None:
    shop.apply()
    key = shop.show("ada")
    gone = CATALOG.replace("pro-annual:", "pro-other:")
    shop.apply(gone, journey=JOURNEY.replace("pro-annual", "pro-other"))
    assert shop.code(lambda: shop.take(key, "ada")) == "over"


def test_terms_with_an_end_are_kept_until_then_whatever_became_of_the_offer(shop: Shop) -> None:
    shop.apply(VALID.replace("pro-annual: {", "pro-annual: {stock: 1, "))
    keys = {who: shop.show(who) for who in ("ada", "bob", "eve")}
    assert shop.take(keys["ada"], "ada").is_new
    shop.world.clock.move_to(shop.world.clock.now() + HOUR)
    assert shop.take(keys["bob"], "bob").is_new, "it said until when it holds"
    gone = CATALOG.replace("pro-annual:", "pro-other:")
    shop.apply(gone, journey=JOURNEY.replace("pro-annual", "pro-other"))
    assert shop.take(keys["eve"], "eve").order.kind == "upgrade"


def test_of_the_last_one_without_an_end_one_of_many_at_once_gets_it(shop: Shop) -> None:
    shop.apply(CATALOG.replace("pro-annual: {", "pro-annual: {stock: 2, "))
    people = [f"n{number}" for number in range(8)]
    asked = [Accept(shop.show(who), Identity(who), PRICE, "USD", Via.PROMPT) for who in people]

    def attempt(one: Accept) -> str:
        try:
            return "new" if AcceptDesk(shop.url, shop.world.clock).accept(one).is_new else "again"
        except NotAcceptedError as error:
            return error.refusal.value

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(attempt, asked))
    assert answers == ["new"] * 2 + ["over"] * 6
    assert len(shop.events()) == 2
    assert shop.world.rows("select count(*) from orders") == [(2,)], "what was refused left nothing"


def test_the_passage_that_offered_it_hears_that_it_was_taken(shop: Shop) -> None:
    shop.apply(
        journey="[{prompt: {placement: usage-page, offer: pro-annual}},"
        " {wait: 3 days}, {if: accepted, then: [{task: {queue: success, title: Greet, due: 2 days}}],"
        " else: [{wait: 1 days}]}]"
    )
    shop.take(shop.show("ada"), "ada")
    shop.world.after(4 * DAY)
    assert shop.world.rows("select queue from tasks") == [("success",)]
