-- Say why a sink cannot be opened.
update sinks set trouble = %(trouble)s where name = %(sink)s and trouble <> %(trouble)s
