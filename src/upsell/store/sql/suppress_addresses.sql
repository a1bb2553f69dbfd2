-- Suppress addresses from some moments on, unless they are, or somebody let them be written to since.
insert into suppressions (address, shown, reason, source, why, since)
select distinct on (address) address, shown, reason, source, why, moment(since)
from
    unnest(
        %(addresses)b::text[], %(showns)b::text[], %(reasons)b::text[], %(sources)b::text[], %(whys)b::text[],
        %(sinces)b::bigint[]
    ) as asked (address, shown, reason, source, why, since)
where
    not exists (
        select from suppressions as ended
        where ended.address = asked.address and ended.ended_at >= moment(asked.since)
    )
order by address, since
on conflict (address) where ended_at is null do nothing
returning number, address, reason, source, why
