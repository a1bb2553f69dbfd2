"""Assignment: who is held out, and which arm the others get. Chance is a hash of a salt and the unit.

Anyone can recompute it, a unit keeps its arm for the life of the salt, and two salts are
independent (BLAKE2b, so no unit list was ever drawn).
"""

from __future__ import annotations

from collections.abc import Sequence

from upsell.ids import UnitId, share


def is_drawn(rate: float, salt: str, unit_id: UnitId) -> bool:
    """Tell whether a unit falls into a share ``rate`` (0 to 1) under a salt.

    A greater rate under the same salt keeps everyone it had.
    """
    return share(salt, unit_id) < rate


def choose_arm(names: Sequence[str], shares: Sequence[float], salt: str, unit_id: UnitId) -> str | None:
    """Give the arm of a unit: shares are laid end to end over [0, 1) in the order given.

    None when there are no arms. The last arm takes what rounding leaves.
    """
    if not names:
        return None
    drawn = share(salt, unit_id)
    reached = 0.0
    for name, part in zip(names, shares, strict=True):
        reached += part
        if drawn < reached:
            return name
    return names[-1]
