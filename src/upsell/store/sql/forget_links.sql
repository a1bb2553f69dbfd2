-- Forget links that have expired, and what followed them.
delete from links where expires_at < moment(%(now)s)
