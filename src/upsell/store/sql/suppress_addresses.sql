-- Suppress addresses from some moments on, unless they are, or somebody let them be written to since. What
-- somebody calls spam is their own word, and takes the place of a cause that others may take back.
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
order by address, reason = 'complaint' desc, since
on conflict (address) where ended_at is null do update
set
    reason = excluded.reason,
    source = excluded.source,
    why = excluded.why || '; before: ' || suppressions.reason || ' by ' || suppressions.source
    || ', ' || suppressions.why
where excluded.reason = 'complaint' and suppressions.reason <> 'complaint'
returning number, address, reason, source, why
