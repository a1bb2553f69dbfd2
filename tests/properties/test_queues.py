"""Laws of queues: turns are fair, nobody has more than they need, and who is away is passed over."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from upsell.decisions.queues import Away, Give, Person, Queue, choose_owner

DAY = "2026-03-02"
GONE = Away("2026-03-01", "2026-03-31")
IDS = ("ana", "ben", "cid", "dee")

people = st.lists(st.booleans(), min_size=1, max_size=4).map(
    lambda flags: tuple(
        Person(name, name.title(), f"{name}@acme.example", (GONE,) if is_away else ())
        for name, is_away in zip(IDS, flags, strict=False)
    )
)


@settings(max_examples=50, deadline=None)
@given(people, st.integers(1, 30))
def test_turns_are_fair_within_one_task(who: tuple[Person, ...], number: int) -> None:
    queue, turns, had = Queue("q", who, Give.ROUND_ROBIN), dict[str, int](), Counter[str]()
    there = [each.id for each in who if not each.is_away(DAY)]
    for turn in range(number):
        owner = choose_owner(queue, DAY, "", {}, turns)
        if owner is None:
            assert not there
            return
        turns[owner] = turn
        had[owner] += 1
    assert set(had) <= set(there)
    assert max(had.values()) - min(had[each] for each in there) <= 1


@settings(max_examples=50, deadline=None)
@given(people, st.dictionaries(st.sampled_from(IDS), st.integers(0, 9)), st.booleans())
def test_who_is_given_a_task_has_no_more_than_anybody_else_who_is_there(
    who: tuple[Person, ...], loads: dict[str, int], is_otherwise: bool
) -> None:
    give = Give.ACCOUNT_OWNER if is_otherwise else Give.LEAST_LOADED
    owner = choose_owner(Queue("q", who, give, Give.LEAST_LOADED), DAY, "stranger", loads, {})
    there = [each.id for each in who if not each.is_away(DAY)]
    assert (owner is None) is (not there)
    assert all(loads.get(owner or "", 0) <= loads.get(each, 0) for each in there)
    assert owner is None or owner in there


@settings(max_examples=50, deadline=None)
@given(people, st.sampled_from(IDS), st.booleans(), st.dictionaries(st.sampled_from(IDS), st.integers(0, 9)))
def test_the_owner_of_an_account_gets_its_tasks_by_id_or_mail_unless_they_are_away(
    who: tuple[Person, ...], owner: str, by_mail: bool, loads: dict[str, int]
) -> None:
    called = f"{owner}@ACME.example" if by_mail else owner.upper()
    queue = Queue("q", who, Give.ACCOUNT_OWNER, Give.NOBODY)
    is_there = any(each.id == owner and not each.is_away(DAY) for each in who)
    assert choose_owner(queue, DAY, called, loads, {}) == (owner if is_there else None)


def test_who_comes_back_is_not_given_all_that_they_missed() -> None:
    ana, ben = (Person(name, name) for name in ("ana", "ben"))
    queue, turns = Queue("q", (ana, ben), Give.ROUND_ROBIN), {"ana": 2, "ben": 90}
    had = []
    for turn in range(100, 104):
        owner = choose_owner(queue, DAY, "", {}, turns) or ""
        turns[owner] = turn
        had.append(owner)
    assert had == ["ana", "ben", "ana", "ben"]
