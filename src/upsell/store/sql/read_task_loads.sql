-- How many open tasks people have.
select owner, count(*) from tasks where closed_at is null and owner is not null group by owner
