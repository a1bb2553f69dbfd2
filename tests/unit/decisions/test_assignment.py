"""Chance is a hash: even, stable, and independent between salts."""

from __future__ import annotations

from hashlib import blake2b

from scipy.stats import chi2_contingency, chisquare

from upsell.decisions.assignment import choose_arm, is_drawn
from upsell.ids import share

UNITS = [f"a:{number}" for number in range(20_000)]
# A fixed list of units makes these figures the same on every run; the bound is a p-value that a
# fair hash misses once in a thousand salts, and the salts here were not searched for.
LEAST_P = 0.001


def test_the_holdout_has_the_share_it_was_planned_with() -> None:
    for rate in (0.02, 0.1, 0.3, 0.5):
        held = sum(is_drawn(rate, "quota", unit) for unit in UNITS)
        expected = [rate * len(UNITS), (1 - rate) * len(UNITS)]
        assert chisquare([held, len(UNITS) - held], expected).pvalue > LEAST_P


def test_a_lopsided_hash_would_be_caught() -> None:
    held = sum(share("quota", unit) < 0.1 * 1.15 for unit in UNITS)
    expected = [0.1 * len(UNITS), 0.9 * len(UNITS)]
    assert chisquare([held, len(UNITS) - held], expected).pvalue < LEAST_P


def test_a_greater_share_keeps_everyone_it_had() -> None:
    small = {unit for unit in UNITS if is_drawn(0.1, "quota", unit)}
    assert small <= {unit for unit in UNITS if is_drawn(0.2, "quota", unit)}


def test_arms_have_their_shares_and_two_salts_are_independent() -> None:
    names, shares = ["one", "two", "three"], [0.2, 0.3, 0.5]
    first = [choose_arm(names, shares, "first", unit) for unit in UNITS]
    second = [choose_arm(names, shares, "second", unit) for unit in UNITS]
    sizes = [first.count(name) for name in names]
    assert chisquare(sizes, [part * len(UNITS) for part in shares]).pvalue > LEAST_P
    table = [
        [sum(a == x and b == y for a, b in zip(first, second, strict=True)) for y in names] for x in names
    ]
    assert chi2_contingency(table).pvalue > LEAST_P


def test_a_unit_keeps_its_arm_and_without_arms_there_is_none() -> None:
    assert choose_arm(["one", "two"], [0.5, 0.5], "s", "a:1") == choose_arm(
        ["one", "two"], [0.5, 0.5], "s", "a:1"
    )
    assert choose_arm([], [], "s", "a:1") is None


def test_the_hash_is_the_same_on_every_machine() -> None:
    # BLAKE2b-64 of "quota", 0xFF and "a:1" as UTF-8 (c3 bf), its upper 53 bits over 2**53; the
    # oracle is Python's hashlib called directly.
    whole = int.from_bytes(blake2b(b"quota\xc3\xbfa:1", digest_size=8).digest(), "big")
    assert share("quota", "a:1") == (whole >> 11) / 2**53
