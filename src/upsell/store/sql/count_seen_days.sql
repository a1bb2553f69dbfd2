-- How many events came in since a day, from whatever source.
select coalesce(sum(count), 0)::bigint from seen_days where day >= %(since)s
