-- Say up to when a desk was asked which of its tasks were closed.
update sinks set heard_at = moment(%(heard_at)s) where name = %(sink)s
