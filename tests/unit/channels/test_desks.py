"""What the desks of vendors have in common."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from upsell.channels.sinks.desks import need
from upsell.errors import ConfigError

PRINTED = frozenset(map(chr, range(33, 127)))
"""What of ASCII is printed, without the blank."""


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=6))
@example("pat\n1")
@example(" 1")
@example("pât-1")
@example("pat-1\n")
def test_a_secret_is_printed_ascii_without_blanks_or_refused_without_being_shown(inner: str) -> None:
    secrets = {"UPSELL_SECRET_A": f"s3cret{inner}"}
    if set(f"s3cret{inner}".strip()) <= PRINTED:
        assert need(("UPSELL_SECRET_A",), secrets) == (f"s3cret{inner}".strip(),)
    else:
        with pytest.raises(ConfigError, match="UPSELL_SECRET_A") as refused:
            need(("UPSELL_SECRET_A",), secrets)
        assert "s3cret" not in str(refused.value)


def test_a_secret_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="expected UPSELL_SECRET_B to be set"):
        need(("UPSELL_SECRET_A", "UPSELL_SECRET_B"), {"UPSELL_SECRET_A": "a", "UPSELL_SECRET_B": " "})
