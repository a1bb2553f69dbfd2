-- The number of the revision applied last.
select number from revisions order by number desc limit 1
