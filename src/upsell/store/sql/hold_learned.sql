-- How far has been learned; held, so that nothing is learned twice.
select position, seen_at, is_full from learned for update
