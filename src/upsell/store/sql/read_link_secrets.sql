-- The secrets links are sealed with, the one that seals first.
select secret from link_secrets order by number desc
