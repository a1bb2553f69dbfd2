-- What dispatchers that told of it since a moment know of each provider.
select
    provider, process, standing, free_at, failures, reason, accepted, refused, not_now, unknown, reported_at
from mail_providers
where reported_at >= moment(%(since)s)
order by provider, reported_at desc
