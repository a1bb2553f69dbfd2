"""The mail file: which providers take mail, in the order in which they are tried, and what signs it.

Read where the program runs, for servers, limits and keys belong to a place and not to a workspace. The law:
no secret stands in it; who logs in is in settings, by the provider's name. Without a file there is one
provider, of the plain settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path

import msgspec

from upsell.channels.buckets import Rate
from upsell.channels.dkim import DkimKey, read_key
from upsell.channels.loopback import is_loopback
from upsell.channels.mail_shapes import MAIL_SHAPE, read_growth, read_rate
from upsell.channels.providers import DEFAULT, Asked, Asking, Provider, Tls
from upsell.channels.warm_up import WarmUp
from upsell.config import Settings
from upsell.errors import ConfigError, nearest
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Record
from upsell.workspace.nodes import compose
from upsell.workspace.reading import Reader

_EPOCH = date(1970, 1, 1)
_API_URLS = {Asked.MAILGUN: "https://api.mailgun.net", Asked.POSTMARK: "https://api.postmarkapp.com"}


class Mail(msgspec.Struct, frozen=True):
    """How mail leaves: the providers in the order in which they are tried, and keys by domain."""

    providers: tuple[Provider, ...]
    keys: Mapping[str, tuple[DkimKey, ...]]


def read_mail(settings: Settings) -> Mail:
    """Read how mail leaves out of settings, and the mail file where they name one.

    Raises:
        ConfigError: The file, a key or who logs in is not what was expected; every problem is told.
    """
    logins = _named("UPSELL_MAIL_LOGINS", settings.mail_logins, "user:password")
    api_keys = _named("UPSELL_MAIL_API_KEYS", settings.mail_api_keys, "key")
    if settings.mail_file:
        path = Path(settings.mail_file)
        record = _read_file(path)
        written = record.record("providers") or NOTHING_WRITTEN
        providers = tuple(_provider(name, each, path) for name, each in written.records())
        keys = _keys(record, path)
    else:
        plain = Provider(
            DEFAULT,
            settings.smtp_host,
            settings.smtp_port,
            Tls(settings.smtp_tls),
            connections=settings.smtp_connections,
        )
        providers, keys = (plain,), {}
    _check_names("UPSELL_MAIL_LOGINS", logins, [provider.name for provider in providers])
    _check_names(
        "UPSELL_MAIL_API_KEYS", api_keys, [each.name for each in providers if each.asking is not None]
    )
    return Mail(tuple(_with_secrets(provider, logins, api_keys) for provider in providers), keys)


def _read_file(path: Path) -> Record:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"UPSELL_MAIL_FILE: expected a mail file at {path}, got {error}; see docs/guides/mail.md"
        raise ConfigError(msg) from error
    findings = Findings()
    node = compose(str(path), text, findings)
    record = Reader(str(path), {}, findings).read(node, MAIL_SHAPE) if node is not None else None
    if findings.has_errors or not isinstance(record, Record):
        problems = "\n".join(str(problem) for problem in findings.in_order())
        msg = problems or f"{path}: expected the key providers, got an empty file; see docs/guides/mail.md"
        raise ConfigError(msg)
    return record


def _provider(name: str, written: Record, path: Path) -> Provider:
    tls = Tls(written.text("tls", Tls.STARTTLS.value))
    ca = written.text("ca")
    usual = Provider(name, "", 0)
    return Provider(
        name,
        written.text("host"),
        written.integer("port", 465 if tls is Tls.TLS else 587),
        tls,
        str(path.parent / ca) if ca else "",
        connections=written.integer("connections", usual.connections),
        most_per_connection=written.integer("most_per_connection", usual.most_per_connection),
        rate=read_rate(written.text("rate")),
        domain_rates=_rates(written.record("domain_rates") or NOTHING_WRITTEN),
        warm_up=_warm_up(written.record("warm_up")),
        asking=_asking(written.record("ask")),
    )


def _rates(written: Record) -> dict[str, Rate]:
    return {
        domain.lower(): rate
        for domain in written.items
        if (rate := read_rate(written.text(domain))) is not None
    }


def _warm_up(written: Record | None) -> WarmUp | None:
    if written is None:
        return None
    start = (date.fromisoformat(written.text("start")) - _EPOCH).days
    growth = read_growth(written.text("growth")) or Fraction(1)
    return WarmUp(start, written.integer("first"), growth, written.integer("up_to"))


def _asking(written: Record | None) -> Asking | None:
    if written is None:
        return None
    of = Asked(written.text("of"))
    return Asking(of, written.text("url", _API_URLS[of]), written.text("domain"))


def _keys(record: Record, path: Path) -> dict[str, tuple[DkimKey, ...]]:
    keys: dict[str, tuple[DkimKey, ...]] = {}
    for item in record.each("dkim"):
        if not isinstance(item, Record):
            continue
        file = path.parent / item.text("key")
        try:
            pem = file.read_bytes()
        except OSError as error:
            msg = f"{path}:{item.place.line}: expected the private key at {file}, got: {error.strerror}"
            raise ConfigError(msg) from error
        domain = item.text("domain").lower()
        keys[domain] = (
            *keys.get(domain, ()),
            DkimKey(domain, item.text("selector"), read_key(pem, str(file))),
        )
    return keys


def _named(variable: str, text: str, form: str) -> dict[str, str]:
    """Read ``name=secret`` pairs with spaces between; what is wrong is told by its place, never shown."""
    found: dict[str, str] = {}
    for number, pair in enumerate(text.split(), start=1):
        name, equals, secret = pair.partition("=")
        if not (name and equals and secret) or (":" in form and ":" not in secret):
            msg = (
                f"{variable}: expected provider={form} for each, with spaces between, "
                f"got something else as number {number}"
            )
            raise ConfigError(msg)
        found[name] = secret
    return found


def _check_names(variable: str, named: Mapping[str, str], known: list[str]) -> None:
    for name in named:
        if name not in known:
            near = nearest(name, known)
            advice = f"; did you mean {near}?" if near else ""
            wanted = f"one of {', '.join(known)}" if known else "nothing, for no provider here has an ask"
            msg = f"{variable}: expected {wanted}, got {name}{advice}"
            raise ConfigError(msg)


def _with_secrets(provider: Provider, logins: Mapping[str, str], api_keys: Mapping[str, str]) -> Provider:
    """Give a provider with who logs in, and what one is known by at its API.

    Raises:
        ConfigError: A password would go over the net in the clear, or an API has no key.
    """
    user, _, password = logins.get(provider.name, "").partition(":")
    if user and provider.tls is Tls.NONE and not is_loopback(provider.host):
        msg = (
            f"the mail provider {provider.name}: expected tls: starttls or tls where a password is sent to "
            f"{provider.host}, got none; without it anybody on the way can read it"
        )
        raise ConfigError(msg)
    asking = provider.asking
    if asking is not None:
        for problem in _lacks(provider.name, asking, api_keys):
            raise ConfigError(problem)
        asking = msgspec.structs.replace(asking, key=api_keys[provider.name])
    return msgspec.structs.replace(provider, user=user, password=password, asking=asking)


def _lacks(name: str, asking: Asking, api_keys: Mapping[str, str]) -> Iterator[str]:
    """Say what is missing to ask a provider."""
    if name not in api_keys:
        yield (
            f"the mail provider {name}: expected its API key in UPSELL_MAIL_API_KEYS, got none; "
            f"set {name}=KEY there, or leave its ask away"
        )
    if asking.of is Asked.MAILGUN and not asking.domain:
        yield f"the mail provider {name}: expected ask.domain, the domain mail is sent from, got none"
