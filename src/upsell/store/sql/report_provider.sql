-- Keep what a dispatcher knows of a provider.
insert into mail_providers (
    provider, process, standing, free_at, failures, reason, accepted, refused, not_now, unknown, reported_at
)
values (
    %(provider)s, %(process)s, %(standing)s, moment(%(free_at)s), %(failures)s, %(reason)s, %(accepted)s,
    %(refused)s, %(not_now)s, %(unknown)s, moment(%(now)s)
)
on conflict (provider, process) do update
set
    standing = excluded.standing, free_at = excluded.free_at, failures = excluded.failures,
    reason = excluded.reason, accepted = excluded.accepted, refused = excluded.refused,
    not_now = excluded.not_now, unknown = excluded.unknown, reported_at = excluded.reported_at
