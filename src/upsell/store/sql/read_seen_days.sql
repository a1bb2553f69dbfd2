-- What each source sent on which day since one.
select source, name, day, count, late from seen_days where day >= %(since)s order by source, name, day
