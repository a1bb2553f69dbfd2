"""Settings: the one table of what can be set from outside, by name.

Every setting has an environment variable, a type, a default and a line of help. The law: nothing
else in the program reads the environment, and an unknown ``UPSELL_`` variable is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, get_type_hints

import msgspec
from msgspec import Meta

from upsell.errors import ConfigError, nearest

PREFIX = "UPSELL_"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the program runs with; every field is a setting and says what it is for."""

    database_url: Annotated[
        str,
        Meta(
            description="where PostgreSQL is (postgresql://...); empty starts the embedded server",
            pattern=r"^(postgres(ql)?://.*)?$",
        ),
    ] = ""
    data_folder: Annotated[
        str, Meta(description="folder under which the embedded server keeps its files", min_length=1)
    ] = "./.upsell"
    smtp_host: Annotated[
        str, Meta(description="host that takes mail; one that is not this machine needs UPSELL_PUBLIC_URL")
    ] = "127.0.0.1"
    smtp_port: Annotated[int, Meta(description="port that takes mail", ge=0, le=65_535)] = 1025
    smtp_connections: Annotated[int, Meta(description="how many SMTP connections are kept open", ge=1)] = 4
    sms_url: Annotated[
        str,
        Meta(
            description="where text messages are posted for your gateway; loopback only, empty for none",
            pattern=r"^(https?://.*)?$",
        ),
    ] = ""
    push_url: Annotated[
        str,
        Meta(
            description="where push notifications are posted for your gateway; loopback only, empty for none",
            pattern=r"^(https?://.*)?$",
        ),
    ] = ""
    gateway_secret: Annotated[
        str, Meta(description="what is posted to gateways is signed with this (Standard Webhooks, whsec_...)")
    ] = ""
    webhook_hosts: Annotated[
        str,
        Meta(description="hosts beside this machine that webhook steps may post to, with commas between"),
    ] = ""
    http_host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    http_port: Annotated[int, Meta(description="port to listen on", ge=0, le=65_535)] = 8600
    public_url: Annotated[
        str,
        Meta(
            description="where customers reach this server, for links, with https before mail leaves this "
            "machine; empty for where it listens",
            pattern=r"^(https?://.*)?$",
        ),
    ] = ""
    batch_size: Annotated[
        int, Meta(description="how many events that matter the worker takes in one transaction", ge=1)
    ] = 2000
    send_batch_size: Annotated[
        int, Meta(description="how many messages the dispatcher claims at a time", ge=1)
    ] = 200
    lease_seconds: Annotated[
        int, Meta(description="for how long a claimed message belongs to one dispatcher", ge=1)
    ] = 60
    send_attempts: Annotated[
        int, Meta(description="how often a message is tried that cannot be taken for now", ge=1)
    ] = 5
    dedup_days: Annotated[int, Meta(description="for how many days a message id is remembered", ge=1)] = 30


def link_base(settings: Settings) -> str:
    """Give how links in messages begin, without a slash at the end."""
    url = settings.public_url or f"http://{settings.http_host}:{settings.http_port}"
    return url.rstrip("/")


class Setting(msgspec.Struct, frozen=True):
    """One row of the table of settings: name, default, what it is for, and what it may be in words."""

    name: str
    default: str | int
    help: str
    range: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()


def _table() -> tuple[Setting, ...]:
    hints = get_type_hints(Settings, include_extras=True)
    return tuple(
        Setting(field.name, field.default, meta.description or "", _range(field.default, meta))
        for field in msgspec.structs.fields(Settings)
        for meta in (hints[field.name].__metadata__[0],)
    )


def _range(default: str | int, meta: Meta) -> str:
    """Say which values fit."""
    if isinstance(default, int):
        least = f" from {meta.ge}" if meta.ge is not None else ""
        most = f" to {meta.le}" if meta.le is not None else ""
        return f"a whole number{least}{most}"
    if meta.pattern is not None:
        scheme = "postgresql://" if "postgres" in meta.pattern else "http:// or https://"
        return f"an address that begins with {scheme}"
    return "text" if meta.min_length is None else "text that is not empty"


def _shown(setting: Setting, value: str) -> str:
    """Show what came; an address of a database may hold a password, and a secret is one."""
    if setting.name == "gateway_secret":
        return "another text"
    return "another address" if setting.name == "database_url" else repr(value)


SETTINGS: tuple[Setting, ...] = _table()
"""Every setting, in the order of ``Settings``."""


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings out of an environment; what is not set has its default.

    Raises:
        ConfigError: A ``UPSELL_`` variable is unknown, or its value does not fit.
    """
    variables = {setting.variable: setting for setting in SETTINGS}
    given: dict[str, str] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX):
            continue
        setting = variables.get(variable)
        if setting is None:
            near = nearest(variable, variables)
            advice = f"; did you mean {near}?" if near else ""
            msg = f"{variable} is no setting of Upsell{advice}"
            raise ConfigError(msg)
        try:
            msgspec.convert({setting.name: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            msg = f"{variable} ({setting.help}): expected {setting.range}, got {_shown(setting, value)}"
            raise ConfigError(msg) from error
        given[setting.name] = value
    return msgspec.convert(given, Settings, strict=False)
