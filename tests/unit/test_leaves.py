"""The leaves every room stands on: moments, money, ids and the nearest known name."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upsell.clock import (
    SetClock,
    SystemClock,
    find_zone,
    format_moment,
    from_datetime,
    parse_moment,
    to_datetime,
)
from upsell.errors import DefinitionError, Problem, nearest
from upsell.ids import SHARDS, account_unit, customer_unit, digest, shard_of
from upsell.money import Money


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_000_000))
def test_a_moment_survives_being_written_and_read(at: int) -> None:
    assert from_datetime(to_datetime(at)) == at
    assert parse_moment(format_moment(at)) == at


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T10:00:00",
        "2026-03-01",
        "10:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00+15:99",
        "soon",
        "",
    ],
)
def test_a_time_without_zone_or_sense_is_no_moment(text: str) -> None:
    assert parse_moment(text) is None


def test_every_zone_there_is_is_found_by_its_name() -> None:
    for name in available_timezones() - {"localtime"}:
        zone = find_zone(name)
        assert zone is not None, name
        assert zone.key == name


@pytest.mark.parametrize("text", ["europe/berlin", " Europe/Berlin ", "EUROPE/BERLIN"])
def test_a_zone_is_found_in_whatever_letters_it_is_written(text: str) -> None:
    zone = find_zone(text)
    assert zone is not None
    assert zone.key.casefold() == "europe/berlin"


@pytest.mark.parametrize(
    "text",
    ["", "Mars/Base", "..", "Europe/../Europe/Paris", "/etc/localtime", "A" + "." * 3_000 + "/b", "Eur\0pe"],
)
def test_a_text_that_names_no_zone_is_none_however_odd(text: str) -> None:
    assert find_zone(text) is None


def test_a_datetime_without_zone_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match="add Z or an offset"):
        from_datetime(datetime(2026, 1, 1))  # exactly what the law is about


def test_the_same_instant_in_two_zones_is_one_moment() -> None:
    assert parse_moment("2026-03-01T10:00:00+02:00") == parse_moment("2026-03-01T08:00:00Z")


def test_a_set_clock_stands_still_and_never_goes_back() -> None:
    clock = SetClock(10)
    clock.move_to(20)
    clock.move_to(15)
    assert clock.now() == 20


def test_the_system_clock_tells_utc() -> None:
    before = from_datetime(datetime.now(UTC))
    assert before - 1_000_000 <= SystemClock().now()


def test_currencies_are_never_added() -> None:
    assert Money(100, "USD") + Money(-30, "USD") == Money(70, "USD")
    with pytest.raises(ValueError, match="never added"):
        Money(1, "USD") - Money(1, "EUR")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(4900, "USD"), "49.00 USD"),
        (Money(-5, "EUR"), "-0.05 EUR"),
        (Money(1234567, "JPY"), "1,234,567 JPY"),
        (Money(1234, "KWD"), "1.234 KWD"),
    ],
)
def test_money_is_written_with_the_digits_of_its_currency(money: Money, text: str) -> None:
    assert str(money) == text


def test_an_account_and_a_customer_of_one_name_never_meet() -> None:
    assert account_unit("x") != customer_unit("x")


def test_parts_of_a_key_do_not_run_together() -> None:
    assert digest("ab", "c") != digest("a", "bc")


def test_households_are_spread_over_all_shards() -> None:
    assert {shard_of(f"a:{number}") for number in range(500)} == set(range(SHARDS))


def test_the_nearest_known_name_is_offered_only_when_it_is_near() -> None:
    assert nearest("usage_ration", ["usage_ratio", "usage", "limit"]) == "usage_ratio"
    assert nearest("zebra", ["usage_ratio", "limit"]) is None
    assert nearest("x", []) is None


def test_a_definition_error_tells_every_problem_with_its_place() -> None:
    error = DefinitionError([Problem("wrong", "a.yaml", 3, hint="do this"), Problem("odd")])
    assert str(error) == "a.yaml:3: wrong\ndo this\nodd"
