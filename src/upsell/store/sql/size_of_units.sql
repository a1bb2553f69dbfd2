-- How many bytes all units are kept in, their indexes left out: quick however many there are.
select pg_table_size('units')
