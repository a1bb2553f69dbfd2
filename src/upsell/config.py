"""Settings: the one table of what can be set from outside, by name.

Every setting has an environment variable, a type, a default and a line of help. The law: nothing
else in the program reads the environment, and an unknown ``UPSELL_`` variable is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, get_type_hints

import msgspec
from msgspec import Meta

from upsell.errors import ConfigError, nearest

PREFIX = "UPSELL_"

SECRET_PREFIX = "UPSELL_SECRET_"  # noqa: S105  # how names of variables begin
"""What the variables begin with that hold secrets of a workspace's own sources, by names of its choice."""


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
        str,
        Meta(
            description="folder under which the embedded server keeps its files, and imports what they read",
            min_length=1,
        ),
    ] = "./.upsell"
    smtp_host: Annotated[
        str, Meta(description="host that takes mail; one that is not this machine needs UPSELL_PUBLIC_URL")
    ] = "127.0.0.1"
    smtp_port: Annotated[int, Meta(description="port that takes mail", ge=0, le=65_535)] = 1025
    smtp_tls: Annotated[
        str,
        Meta(description="how connections to it are kept from being read", pattern=r"^(none|starttls|tls)$"),
    ] = "none"
    smtp_connections: Annotated[int, Meta(description="how many SMTP connections are kept open", ge=1)] = 4
    mail_file: Annotated[
        str,
        Meta(description="file of mail providers, their limits and DKIM keys; empty for the one host above"),
    ] = ""
    mail_logins: Annotated[
        str,
        Meta(
            description="who logs in at mail providers: provider=user:password, with spaces between; "
            "the host above is called default"
        ),
    ] = ""
    mail_api_keys: Annotated[
        str,
        Meta(
            description="keys of mail providers' APIs, to ask what became of mail: provider=key, with spaces "
            "between"
        ),
    ] = ""
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
    push_vapid_private_key: Annotated[
        str,
        Meta(
            description="what pushes to browsers are signed with, as `upsell push keys` makes it; empty for "
            "none to browsers"
        ),
    ] = ""
    push_contact: Annotated[
        str,
        Meta(description="whom browsers' push services can write to about them: mailto:... or https://..."),
    ] = ""
    push_hosts: Annotated[
        str,
        Meta(
            description="hosts of push services beside those of browsers' makers, with commas between; those "
            "of this machine need no https"
        ),
    ] = ""
    fcm_service_account_key: Annotated[
        str,
        Meta(
            description="key of a service account of Firebase, the JSON itself, for pushes to apps; or none"
        ),
    ] = ""
    fcm_url: Annotated[
        str,
        Meta(
            description="where Firebase Cloud Messaging's API is, with https beyond this machine",
            pattern=r"^https?://.+$",
        ),
    ] = "https://fcm.googleapis.com"
    twilio_account_sid: Annotated[
        str,
        Meta(description="your account at Twilio (AC...), by which texts then go; not beside UPSELL_SMS_URL"),
    ] = ""
    twilio_auth_token: Annotated[
        str,
        Meta(description="its auth token: what Twilio tells us is verified with it; logs in without a key"),
    ] = ""
    twilio_api_key: Annotated[
        str, Meta(description="an API key of it as SID:secret, to log in with instead; empty for the token")
    ] = ""
    twilio_from: Annotated[
        str,
        Meta(description="number, short code or name that texts come from, or a messaging service (MG...)"),
    ] = ""
    twilio_url: Annotated[
        str,
        Meta(
            description="where Twilio's API is, with https beyond this machine",
            pattern=r"^https?://.+$",
        ),
    ] = "https://api.twilio.com"
    twilio_keywords: Annotated[
        int,
        Meta(
            description="1 while Twilio itself answers STOP, START and HELP, as it does unless told "
            "otherwise; 0 where that is off, so that we answer them",
            ge=0,
            le=1,
        ),
    ] = 1
    gateway_secret: Annotated[
        str, Meta(description="what is posted to gateways is signed with this (Standard Webhooks, whsec_...)")
    ] = ""
    billing_url: Annotated[
        str,
        Meta(
            description="where your billing is told what was accepted, with https beyond this machine; "
            "signed with UPSELL_GATEWAY_SECRET; empty for a task to your team instead",
            pattern=r"^(https?://.*)?$",
        ),
    ] = ""
    billing_confirms: Annotated[
        int,
        Meta(
            description="1 where your billing, or Stripe, mails customers itself that what they accepted is "
            "theirs, or that they are back: ours of that are not sent then; all others are",
            ge=0,
            le=1,
        ),
    ] = 0
    stripe_secret_key: Annotated[
        str,
        Meta(
            description="key of your account at Stripe (sk_... or rk_...), which then bills what is "
            "accepted; not beside UPSELL_BILLING_URL; empty for none"
        ),
    ] = ""
    stripe_url: Annotated[
        str,
        Meta(
            description="where Stripe's API is, with https beyond this machine",
            pattern=r"^https?://.+$",
        ),
    ] = "https://api.stripe.com"
    stripe_return_url: Annotated[
        str,
        Meta(
            description="page of yours to which customers come back once they paid at Stripe; empty for a "
            "plain one of ours",
            pattern=r"^(https?://.*)?$",
        ),
    ] = ""
    webhook_hosts: Annotated[
        str,
        Meta(
            description="hosts, addresses and networks (10.1.0.0/16) of your own that webhooks and sinks may "
            "go to beside the public internet, this machine (127.0.0.1) too, with commas between"
        ),
    ] = ""
    postmark_secret: Annotated[
        str, Meta(description="what Postmark's webhooks show at /hooks/postmark; empty for none")
    ] = ""
    sendgrid_public_key: Annotated[
        str, Meta(description="what SendGrid's webhook at /hooks/sendgrid is verified with; empty for none")
    ] = ""
    mailgun_signing_key: Annotated[
        str, Meta(description="what Mailgun's webhooks at /hooks/mailgun are signed with; empty for none")
    ] = ""
    ses_topics: Annotated[
        str,
        Meta(description="ARNs of the SNS topics that /hooks/ses believes, with commas between"),
    ] = ""
    provider_engagement: Annotated[
        int,
        Meta(
            description="1 to take opens and clicks from mail providers: where links are theirs, not ours",
            ge=0,
            le=1,
        ),
    ] = 0
    http_host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    http_port: Annotated[int, Meta(description="port to listen on", ge=0, le=65_535)] = 8600
    prompt_streams: Annotated[
        int, Meta(description="how many pages at once may follow a server to hear of changes", ge=0)
    ] = 500
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
    ] = 500
    lease_seconds: Annotated[
        int, Meta(description="for how long a claimed message belongs to one dispatcher", ge=1)
    ] = 60
    send_attempts: Annotated[
        int, Meta(description="how often a message is tried that cannot be taken for now", ge=1)
    ] = 5
    letter_days: Annotated[
        int,
        Meta(description="for how many days a message is kept as it was sent; 0 keeps none", ge=0),
    ] = 90
    dedup_days: Annotated[int, Meta(description="for how many days a message id is remembered", ge=1)] = 30
    secrets: Mapping[str, str] = {}
    """Secrets of the workspace's own sources by the whole name of their variable: no rows of the table."""


def secrets_of(names: Iterable[str], secrets: Mapping[str, str]) -> tuple[str, ...]:
    """Give the secrets that are set of those that are named, in order."""
    return tuple(found for name in names if (found := secrets.get(name, "").strip()))


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


_NAMED_BY_WORKSPACE = "secrets"


def _table() -> tuple[Setting, ...]:
    hints = get_type_hints(Settings, include_extras=True)
    return tuple(
        Setting(field.name, field.default, meta.description or "", _range(field.default, meta))
        for field in msgspec.structs.fields(Settings)
        if field.name != _NAMED_BY_WORKSPACE
        for meta in (hints[field.name].__metadata__[0],)
    )


def _range(default: str | int, meta: Meta) -> str:
    """Say which values fit."""
    if isinstance(default, int):
        least = f" from {meta.ge}" if meta.ge is not None else ""
        most = f" to {meta.le}" if meta.le is not None else ""
        return f"a whole number{least}{most}"
    if meta.pattern is not None and "://" not in meta.pattern:
        return " or ".join(meta.pattern.strip("^$()").split("|"))
    if meta.pattern is not None:
        scheme = "postgresql://" if "postgres" in meta.pattern else "http:// or https://"
        return f"an address that begins with {scheme}"
    return "text" if meta.min_length is None else "text that is not empty"


_SECRETS = frozenset({"mail_logins", "mail_api_keys", "twilio_auth_token"})
"""Secrets beside those whose name says so."""

_SHORTEST_HIDDEN = 6
"""How long a secret must be to be hidden in a text: what is shorter would hide words too."""


def hide_secrets(said: str, settings: Settings) -> str:
    """Give a text of somebody else's without what of it is a secret of ours."""
    values = [str(getattr(settings, each.name)) for each in SETTINGS if _is_secret(each.name)]
    words = [word for value in values for word in value.split()]
    # Of several in one setting each is one: provider=user:password, provider=key, SID:secret.
    last = [word.partition("=")[2] or word for word in words]
    parts = [*values, *last, *(word.partition(":")[2] for word in last)]
    for part in sorted({*parts, *settings.secrets.values()}, key=len, reverse=True):
        if len(part) >= _SHORTEST_HIDDEN:
            said = said.replace(part, "***")
    return said


def _is_secret(name: str) -> bool:
    return name in _SECRETS or name.endswith(("_secret", "_key"))


def _shown(setting: Setting, value: str) -> str:
    """Show what came; an address of a database may hold a password, and a secret is one."""
    if _is_secret(setting.name):
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
    secrets: dict[str, str] = {}
    for variable, value in environment.items():
        if variable.startswith(SECRET_PREFIX):
            secrets[variable] = value
            continue
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
    return msgspec.structs.replace(msgspec.convert(given, Settings, strict=False), secrets=secrets)
