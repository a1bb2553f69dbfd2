-- By how much recurring revenue changed from exposed_at to horizon_closes_at; units without running terms
-- have no row.
select
    contrast,
    unit_id,
    cast(sum(
        monthly_amount
        * (
            case when ended_at is null or ended_at > horizon_closes_at then 1 else 0 end
            - case when started_at <= exposed_at then 1 else 0 end
        )
    ) as bigint) as change
from running_terms
group by contrast, unit_id
