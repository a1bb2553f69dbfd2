-- The first event of some names between two places of the ledger that came from outside; none where there is none.
select min(position)
from events
where
    position > %(after)s
    and position <= %(up_to)s
    and name = any(%(names)b::text[])
    and not is_derived
