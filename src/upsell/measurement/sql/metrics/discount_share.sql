-- Share of the offers accepted that took something off the price.
-- name: Discount share
-- formula: accepted with a discount / accepted with terms known
-- unit: rate
-- divides by: offers accepted whose terms are known
-- no answer: no such offer was accepted
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
with priced as (
    select
        workflow,
        unit_id,
        coalesce(cast(cast(terms as json) ->> '$.discount_rate' as double), 0) as discount_rate
    from acceptances
    where terms is not null
)

select
    slices.slice,
    'all' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(case when priced.discount_rate > 0 then 1 else 0 end) as numerator,
    count(*) as denominator
from priced
inner join slices on priced.workflow = slices.workflow and priced.unit_id = slices.unit_id
group by slices.slice
