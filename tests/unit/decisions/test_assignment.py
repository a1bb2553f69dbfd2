"""Chance is a hash, the same everywhere; how even it is, ``tests/statistics/test_assignment.py`` asks."""

from __future__ import annotations

from hashlib import blake2b

from upsell.decisions.assignment import choose_arm, is_drawn
from upsell.ids import share

UNITS = [f"a:{number}" for number in range(20_000)]


def test_a_greater_share_keeps_everyone_it_had() -> None:
    small = {unit for unit in UNITS if is_drawn(0.1, "quota", unit)}
    assert small <= {unit for unit in UNITS if is_drawn(0.2, "quota", unit)}


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
