-- Keep what followed links, held back; of messages whose links are forgotten nothing is kept.
insert into visits (number, kind, link, second, said, visited_at)
select told.number, told.kind, told.link, told.visited_at / 1000000, told.said, moment(told.visited_at)
from
    unnest(
        %(numbers)b::bigint[], %(kinds)b::text[], %(links)b::smallint[], %(said)b::text[], %(visited)b::bigint[]
    ) as told (number, kind, link, said, visited_at)
inner join links on links.number = told.number
on conflict do nothing
