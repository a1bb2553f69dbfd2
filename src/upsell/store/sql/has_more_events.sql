-- Whether a household has more events than so many, up to a moment.
select exists (
    select 1
    from events
    where household_id between %(household)s and %(household)s and seen_at <= moment(%(at)s)
    order by household_id desc, position desc
    offset %(than)s
    limit 1
)
