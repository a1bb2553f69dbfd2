-- What outcomes of money are held to: the smallest one that $held_at of all closed units do not exceed.
with ranked as (
    select
        contrast,
        metric,
        outcome,
        row_number() over (partition by contrast, metric order by outcome) as place,
        count(*) over (partition by contrast, metric) as units
    from outcomes
    where outcome is not null and metric <> 'conversion'
)

select
    contrast,
    metric,
    min(outcome) as cut
from ranked
where place >= units * $held_at
group by contrast, metric
