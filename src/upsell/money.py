"""Money: whole minor units with a currency.

The law: currencies are never added, and an amount is never a float.
"""

from __future__ import annotations

import msgspec

_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in minor units (cents, pence, yen) of one ISO 4217 currency."""

    amount: int
    currency: str

    def __add__(self, other: Money) -> Money:
        """Add money of the same currency.

        Raises:
            ValueError: The currencies differ.
        """
        if other.currency != self.currency:
            msg = f"expected {self.currency}, got {other.currency}: currencies are never added"
            raise ValueError(msg)
        return Money(self.amount + other.amount, self.currency)

    def __neg__(self) -> Money:
        """Give the same amount owed the other way."""
        return Money(-self.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract money of the same currency."""
        return self + -other

    def __str__(self) -> str:
        """Write the amount in major units with its currency code, such as ``49.00 USD``."""
        digits = minor_digits(self.currency)
        sign = "-" if self.amount < 0 else ""
        whole, rest = divmod(abs(self.amount), 10**digits)
        fraction = f".{rest:0{digits}d}" if digits else ""
        return f"{sign}{whole:,}{fraction} {self.currency}"


def minor_digits(currency: str) -> int:
    """Give how many decimal digits the minor unit of a currency has (ISO 4217; 2 when unlisted)."""
    return _EXPONENTS.get(currency, 2)
