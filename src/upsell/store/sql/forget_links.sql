-- Forget some of the links that have expired, and what followed them.
delete from links
where number in (select number from links where expires_at < moment(%(now)s) limit %(limit)s)
