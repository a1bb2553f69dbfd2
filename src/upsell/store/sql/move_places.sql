-- Put places at other addresses, behind all that were taken there before.
update places
set address = moved.address, number = default
from unnest(%(keys)b::text[], %(addresses)b::text[]) as moved (key, address)
where places.key = moved.key
