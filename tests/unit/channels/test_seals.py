"""Seals: what was sealed opens, for its purpose, until its moment, and nothing else does."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from upsell.channels.seals import open_seal, seal
from upsell.clock import DAY, MINUTE

SECRET = b"a" * 32
OTHER = b"b" * 32
NOW = 20_000 * DAY


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@given(st.binary(max_size=60), st.sampled_from(("click", "preferences")))
def test_what_was_sealed_opens_for_its_purpose(content: bytes, purpose: str) -> None:
    assert open_seal([OTHER, SECRET], purpose, seal(SECRET, purpose, content), NOW) == content


@given(st.binary(max_size=60))
def test_a_seal_opens_for_no_other_purpose_and_no_other_secret(content: bytes) -> None:
    sealed = seal(SECRET, "click", content)
    assert open_seal([SECRET], "preferences", sealed, NOW) is None
    assert open_seal([OTHER], "click", sealed, NOW) is None
    assert open_seal([], "click", sealed, NOW) is None


@given(st.binary(max_size=30), st.data())
def test_a_changed_seal_opens_nothing(content: bytes, data: st.DataObject) -> None:
    sealed = seal(SECRET, "click", content)
    at = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.sampled_from("ABCdef019-_"))
    changed = sealed[:at] + letter + sealed[at + 1 :]
    # The last letter has bits that say nothing, so two texts may be one seal.
    is_same = changed == sealed or (at == len(sealed) - 1 and _decoded(changed) == _decoded(sealed))
    assert open_seal([SECRET], "click", changed, NOW) == (content if is_same else None)


@given(st.text(max_size=80))
def test_a_text_that_is_no_seal_opens_nothing_and_raises_nothing(text: str) -> None:
    assert open_seal([SECRET], "click", text, NOW) is None


@given(st.integers(0, 10 * DAY))
def test_a_seal_opens_up_to_its_moment_and_no_longer_than_a_minute_after(later: int) -> None:
    until = NOW + later
    sealed = seal(SECRET, "click", b"x", until)
    assert open_seal([SECRET], "click", sealed, until) == b"x"
    assert open_seal([SECRET], "click", sealed, until + MINUTE) is None


def test_a_seal_is_fit_for_a_path_and_short() -> None:
    sealed = seal(SECRET, "click", bytes(range(10)), NOW)
    assert len(sealed) == 35  # ceil(26 bytes * 4 / 3)
    assert set(sealed) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
