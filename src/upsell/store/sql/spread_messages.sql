-- Put off what should have been tried long ago, over as long as it is late and at most so long, evenly by a hash.
with late as (
    select key, least(extract(epoch from moment(%(now)s) - next_attempt_at), %(longest)s / 1e6) as seconds
    from outbox
    where state = 'reserved' and next_attempt_at < moment(%(late_before)s)
    for update skip locked
)

update outbox
set
    next_attempt_at = moment(%(now)s)
    + make_interval(
        secs => late.seconds::double precision * ('x' || left(md5(late.key), 8))::bit(32)::bigint / 4294967296.0
    )
from late
where outbox.key = late.key
