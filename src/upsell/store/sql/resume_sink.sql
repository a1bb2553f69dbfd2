-- Let a sink that was gone, or is left alone for a while, be told again now.
update sinks set gone = '', failures = 0, retry_at = null where name = %(sink)s
