"""Settings come from one table, and nothing that looks like one is overlooked."""

from __future__ import annotations

import pytest

from upsell.config import SETTINGS, Settings, link_base, load_settings
from upsell.errors import ConfigError


def test_without_any_variable_every_setting_has_its_default() -> None:
    assert load_settings({"PATH": "/bin"}) == Settings()


def test_a_variable_sets_its_setting_in_the_setting_s_type() -> None:
    assert load_settings({"UPSELL_SMTP_PORT": "2525"}).smtp_port == 2525


def test_an_unknown_variable_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match="did you mean UPSELL_SMTP_PORT"):
        load_settings({"UPSELL_SMTP_PRT": "2525"})


@pytest.mark.parametrize("value", ["x", "-1", "70000", "1.5"])
def test_a_value_that_does_not_fit_is_refused_by_the_variable_s_name(value: str) -> None:
    with pytest.raises(ConfigError, match="UPSELL_SMTP_PORT"):
        load_settings({"UPSELL_SMTP_PORT": value})


def test_the_table_lists_every_setting_with_its_help() -> None:
    assert [setting.name for setting in SETTINGS] == [
        name for name in Settings.__struct_fields__ if name != "secrets"
    ]
    assert all(setting.help for setting in SETTINGS)


def test_secrets_of_sources_are_kept_by_the_name_of_their_variable() -> None:
    settings = load_settings({"UPSELL_SECRET_ZENDESK": "abc", "UPSELL_SMTP_PORT": "2525"})
    assert (settings.secrets, settings.smtp_port) == ({"UPSELL_SECRET_ZENDESK": "abc"}, 2525)


def test_an_address_that_is_no_postgresql_is_refused_and_its_password_is_not_shown() -> None:
    with pytest.raises(ConfigError, match=r"UPSELL_DATABASE_URL.*begins with postgresql://") as refused:
        load_settings({"UPSELL_DATABASE_URL": "mysql://ada:secret@host/db"})
    assert "secret" not in str(refused.value)
    for address in ("", "postgresql://host/db", "postgres://ada@host:5432/db?sslmode=require"):
        assert load_settings({"UPSELL_DATABASE_URL": address}).database_url == address


def test_links_begin_with_the_public_address_or_with_where_the_server_listens() -> None:
    assert link_base(load_settings({"UPSELL_HTTP_PORT": "8700"})) == "http://127.0.0.1:8700"
    assert (
        link_base(load_settings({"UPSELL_PUBLIC_URL": "https://go.acme.com/u/"})) == "https://go.acme.com/u"
    )
