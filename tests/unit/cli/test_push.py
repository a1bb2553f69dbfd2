"""``upsell push``: a key is made once, and what it prints sets up what it says."""

from __future__ import annotations

import pytest

from tests.commands import typed
from tests.push_servers import VAPID_KEY
from upsell.channels.vapid import public_key_of
from upsell.config import load_settings


def test_what_is_printed_can_be_set_and_reaches_browsers_by_the_key_it_names() -> None:
    code, out, _ = typed("push", "keys")
    assert code == 0
    settings = load_settings(
        dict(line.split("=", 1) for line in out.splitlines() if not line.startswith("#"))
    )
    assert out.rstrip().endswith(public_key_of(settings.push_vapid_private_key))


def test_a_key_that_is_set_is_not_put_aside_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSELL_PUSH_VAPID_PRIVATE_KEY", VAPID_KEY)
    code, _, err = typed("push", "keys")
    assert code == 1
    assert "--again" in err
    assert VAPID_KEY not in err
    assert typed("push", "keys", "--again")[0] == 0
