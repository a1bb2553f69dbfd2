"""Assignment by chi-square: even over ids of any shape, stable, and independent between any two salts.

Ids and salts are fixed, so every figure here is the same on every run. A fair hash fails one of these
questions once in ten thousand; what is planted fails by far. Oracle: scipy's chi-square.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, pairwise
from uuid import UUID
from zlib import crc32

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare

from tests.stories.world import make_program, workflow
from upsell.decisions.assignment import choose_arm, is_drawn
from upsell.ids import share
from upsell.journeys.program import Program
from upsell.journeys.steps import SplitStep

LEAST_P = 1e-4
UNITS = 20_000
BINS = 20

Chance = Callable[[str, str], float]


def _uuids() -> list[str]:
    chance = random.Random(20260304)
    return [f"c:{UUID(int=chance.getrandbits(128), version=4)}" for _ in range(UNITS)]


def _letters(number: int) -> str:
    return f"{chr(0x4E00 + number % 500)}{chr(0x3B1 + number // 500 % 24)}{number // 12_000}"


SHAPES: Mapping[str, Sequence[str]] = {
    "numbers": [f"c:{n}" for n in range(UNITS)],
    "far numbers": [f"a:{10**15 + 1000 * n}" for n in range(UNITS)],
    "padded numbers": [f"a:{n:012d}" for n in range(UNITS)],
    "hexadecimal": [f"c:{n * 2654435761 % 2**32:08x}" for n in range(UNITS)],
    "uuids": _uuids(),
    "mail addresses": [f"c:user.{n}@mail{n % 7}.example" for n in range(UNITS)],
    "long prefix": [f"a:{'organisation-' * 20}{n}" for n in range(UNITS)],
    "devices": [f"c:anon:{n:x}" for n in range(UNITS)],
    "other scripts": [f"c:{_letters(n)}" for n in range(UNITS)],
}


def _program() -> Program:
    mail = "{email: {content: t1, intent: help}}"
    split = f"{{split: {{a: {{share: 30%, steps: [{mail}]}}, b: {{share: 70%, steps: [{mail}]}}}}}}"
    texts = {
        key: workflow(
            trigger="{on: A}",
            journey=f"[{split}, {{email: {{content: {{x: t1, y: t2, z: t3}}, intent: help}}}}]",
            holdout="10%",
            experiment=", vary: message, arms: {x: 20%, y: 30%, z: 50%}, ramp: 50%",
        )
        for key in ("quota", "quota-2", "quotb")
    }
    return make_program(texts, policy="policy: {global_control: 5%}\n")


def salts_of(program: Program) -> dict[str, str]:
    """Every salt a workspace draws by: the control's, and each workflow's holdout, ramp, arms and split."""
    found = {"control": program.policy.control.salt}
    for key, each in program.workflows.items():
        found |= {
            f"{key} holdout": each.experiment.salt,
            f"{key} ramp": each.experiment.ramp_salt,
            f"{key} arms": each.experiment.arms_salt,
        }
        found |= {
            f"{key} split": step.salt for step in each.journey.steps.values() if isinstance(step, SplitStep)
        }
    return found


SALTS = salts_of(_program())


def evenness(chance: Chance, salt: str, units: Sequence[str]) -> float:
    """The p-value of units falling alike into equal bins."""
    counts = Counter(int(chance(salt, unit) * BINS) for unit in units)
    return float(chisquare([counts[each] for each in range(BINS)]).pvalue)


def independence(chance: Chance, one: str, other: str, units: Sequence[str]) -> float:
    """The p-value of where units fall under one salt telling nothing of where they fall under another."""
    table = np.zeros((BINS, BINS))
    for unit in units:
        table[int(chance(one, unit) * BINS), int(chance(other, unit) * BINS)] += 1
    return _p_of(table)


def _p_of(table: np.ndarray) -> float:
    return float(chi2_contingency(table).pvalue)


@pytest.mark.parametrize("shape", SHAPES)
def test_units_of_any_shape_fall_evenly_under_every_salt(shape: str) -> None:
    assert len(set(SHAPES[shape])) == UNITS
    for name, salt in SALTS.items():
        assert evenness(share, salt, SHAPES[shape]) > LEAST_P, name


@pytest.mark.parametrize("shape", SHAPES)
def test_shares_are_those_that_were_planned(shape: str) -> None:
    units, names, shares = SHAPES[shape], ["x", "y", "z"], [0.2, 0.3, 0.5]
    for rate in (0.01, 0.1, 0.5):
        held = sum(is_drawn(rate, SALTS["quota holdout"], unit) for unit in units)
        expected = [rate * UNITS, (1 - rate) * UNITS]
        assert chisquare([held, UNITS - held], expected).pvalue > LEAST_P
    arms = Counter(choose_arm(names, shares, SALTS["quota arms"], unit) for unit in units)
    expected = [part * UNITS for part in shares]
    assert chisquare([arms[name] for name in names], expected).pvalue > LEAST_P


@pytest.mark.parametrize("shape", ["numbers", "uuids", "mail addresses"])
def test_any_two_salts_of_a_workspace_are_independent(shape: str) -> None:
    assert len(set(SALTS.values())) == len(SALTS) == 13
    drawn = {name: [int(share(salt, unit) * BINS) for unit in SHAPES[shape]] for name, salt in SALTS.items()}
    for one, other in combinations(SALTS, 2):
        table = np.zeros((BINS, BINS))
        np.add.at(table, (drawn[one], drawn[other]), 1)
        assert _p_of(table) > LEAST_P, f"{one} and {other}"


def test_among_the_treated_the_arms_are_as_among_all() -> None:
    table = np.zeros((2, 3))
    for unit in SHAPES["numbers"]:
        arm = choose_arm(["x", "y", "z"], [0.2, 0.3, 0.5], SALTS["quota arms"], unit)
        table[int(is_drawn(0.1, SALTS["quota holdout"], unit)), "xyz".index(arm or "")] += 1
    assert _p_of(table) > LEAST_P


@pytest.mark.parametrize("shape", SHAPES)
def test_where_one_id_falls_says_nothing_of_the_next(shape: str) -> None:
    drawn = [int(share("quota", unit) * BINS) for unit in SHAPES[shape]]
    table = np.zeros((BINS, BINS))
    for before, after in pairwise(drawn):
        table[before, after] += 1
    assert _p_of(table) > LEAST_P


def test_an_account_and_a_customer_of_one_name_are_drawn_apart() -> None:
    table = np.zeros((BINS, BINS))
    for number in range(UNITS):
        table[int(share("quota", f"a:{number}") * BINS), int(share("quota", f"c:{number}") * BINS)] += 1
    assert _p_of(table) > LEAST_P


def test_every_process_on_every_day_draws_the_same() -> None:
    code = (
        "from hashlib import sha256; from upsell.ids import share; from upsell.decisions.assignment import *;"
        "told = [(is_drawn(0.1, 'quota', f'c:{n}'), choose_arm(['x', 'y'], [0.5, 0.5], 'quota/message/x/y',"
        " f'c:{n}'), share('quota', f'c:{n}').hex()) for n in range(2000)];"
        "print(sha256(repr(told).encode()).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland"))
    }
    assert len(said) == 1
    assert len(said.pop().strip()) == 64


def test_an_experiment_without_changed_arms_keeps_its_salts_whatever_else_is_written() -> None:
    again = make_program(
        {
            "quota": workflow(
                trigger="{on: B}",
                journey="[{wait: 1 day}, {email: {content: {x: t1, y: t2, z: t4}, intent: help}}]",
                holdout="20%",
                experiment=", vary: message, arms: {z: 40%, y: 40%, x: 20%}",
            )
        }
    )
    before, after = (each.workflows["quota"].experiment for each in (_program(), again))
    assert (before.salt, before.arms_salt) == (after.salt, after.arms_salt)


# What is planted is caught by the same questions.


def test_one_salt_used_twice_is_caught() -> None:
    assert independence(share, "quota", "quota", SHAPES["numbers"]) < LEAST_P


def test_one_salt_used_for_holdout_and_arms_is_caught() -> None:
    table = np.zeros((2, 2))
    for unit in SHAPES["numbers"]:
        arm = choose_arm(["x", "y"], [0.5, 0.5], "quota", unit)
        table[int(is_drawn(0.1, "quota", unit)), "xy".index(arm or "")] += 1
    assert _p_of(table) < LEAST_P


def test_a_hash_that_mixes_salt_and_unit_by_exclusive_or_is_caught() -> None:
    def mixed(salt: str, unit: str) -> float:
        return (crc32(salt.encode()) ^ crc32(unit.encode())) / 2**32

    assert evenness(mixed, "quota", SHAPES["uuids"]) > LEAST_P, "it is even, and still no good"
    assert independence(mixed, "quota", "quota-2", SHAPES["uuids"]) < LEAST_P


def test_a_hash_that_leaves_the_salt_out_is_caught() -> None:
    assert independence(lambda _, unit: share(unit), "quota", "quota-2", SHAPES["numbers"]) < LEAST_P


@pytest.mark.parametrize(
    "chance",
    [
        lambda salt, unit: sum((salt + unit).encode()) % 100 / 100,
        lambda salt, unit: int(share(salt, unit) * 256) % 100 / 100,
        lambda salt, unit: share(salt, unit) ** 1.05,
        lambda salt, unit: share(salt, unit[:6]),
    ],
    ids=["sum of bytes", "a byte modulo 100", "leaning to the left", "only the head of an id"],
)
def test_a_hash_that_is_not_even_is_caught(chance: Chance) -> None:
    assert min(evenness(chance, "quota", units) for units in SHAPES.values()) < LEAST_P


def test_a_share_that_is_off_by_a_tenth_is_caught() -> None:
    held = sum(is_drawn(0.11, "quota", unit) for unit in SHAPES["numbers"])
    assert chisquare([held, UNITS - held], [0.1 * UNITS, 0.9 * UNITS]).pvalue < LEAST_P
