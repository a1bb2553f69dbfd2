"""Breakers: what fails time and again is left alone, longer each time, and one letter finds out."""

from __future__ import annotations

from upsell.channels.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, PATIENCE, Breaker, Standing

NOW = 1_800_000_000_000_000


def opened() -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.fail(NOW, "no mail server answers")
    return breaker


def test_it_opens_after_so_many_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(FAILURES - 1):
            breaker.fail(NOW, "x")
        assert breaker.standing(NOW) is Standing.CLOSED
        breaker.succeed()
    assert opened().standing(NOW) is Standing.OPEN
    assert not opened().may_try(NOW + FIRST_PAUSE - 1)


def test_after_its_pause_one_letter_tries_and_no_second_until_that_was_heard_of() -> None:
    breaker = opened()
    at = breaker.free_at(NOW)
    assert at == NOW + FIRST_PAUSE
    assert breaker.standing(at) is Standing.HALF_OPEN
    assert breaker.may_try(at)
    breaker.begin(at)
    assert not breaker.may_try(at)
    assert breaker.free_at(at) == at + PATIENCE
    breaker.succeed()
    assert breaker.standing(at) is Standing.CLOSED
    assert breaker.may_try(at)


def test_each_try_that_fails_makes_the_pause_twice_as_long_up_to_the_longest() -> None:
    breaker, at = opened(), NOW
    pause = FIRST_PAUSE
    for _ in range(10):
        at = breaker.free_at(at)
        breaker.begin(at)
        breaker.fail(at, "still nobody")
        pause = min(2 * pause, LONGEST_PAUSE)
        assert breaker.free_at(at) == at + pause
    assert pause == LONGEST_PAUSE


def test_letters_under_way_when_it_opened_do_not_make_its_pause_longer() -> None:
    breaker = opened()
    for second in range(20):
        breaker.fail(NOW + second * 1_000_000, "x")
    assert breaker.free_at(NOW) == NOW + FIRST_PAUSE


def test_a_letter_that_does_not_go_after_all_lets_another_try_and_a_lost_one_does_in_time() -> None:
    breaker = opened()
    at = NOW + FIRST_PAUSE
    breaker.begin(at)
    breaker.stop_trying()
    assert breaker.may_try(at)
    breaker.begin(at)
    assert not breaker.may_try(at + PATIENCE - 1)
    assert breaker.may_try(at + PATIENCE)


def test_it_begins_anew_with_the_first_pause_after_it_closed() -> None:
    breaker = opened()
    breaker.succeed()
    for _ in range(FAILURES):
        breaker.fail(NOW, "x")
    assert breaker.free_at(NOW) == NOW + FIRST_PAUSE
