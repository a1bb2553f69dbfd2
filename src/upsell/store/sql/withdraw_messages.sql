-- Take back messages that no provider has been spoken to about.
update outbox
set state = 'withdrawn', reason = taken.reason, finished_at = moment(%(now)s)
from unnest(%(keys)b::text[], %(reasons)b::text[]) as taken (key, reason)
where outbox.key = taken.key and outbox.state in ('reserved', 'claimed')
