-- Forget days that nobody asks about any more.
delete from seen_days where day < %(before)s
