-- Events of a household, or of one customer in it, before a place in the ledger; the newest first. Only so many
-- of the household are looked through: the last of them says how far. Asked as a range of one household, so that
-- no index over all households is read backwards for one that has been quiet.
with newest as materialized (
    select seen_at, position, occurred_at, name, source, properties, is_derived, customer_id
    from events
    where
        household_id between %(household)s and %(household)s
        and seen_at <= moment(%(at)s)
        and (seen_at, position) < (moment(%(at)s), %(number)s)
    order by household_id desc, position desc
    limit %(looked)s
),

looked as (select min(position) as lowest, count(*) = %(looked)s as is_cut from newest)

select
    seen_at, position, occurred_at, name, source, properties, is_derived,
    %(customer)s::text is null or coalesce(customer_id = %(customer)s, false) as is_theirs,
    is_cut and position = lowest as is_last
from newest
cross join looked
where
    %(customer)s::text is null
    or customer_id = %(customer)s
    or (is_cut and position = lowest)
order by position desc
limit %(most)s
