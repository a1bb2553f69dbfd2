-- Say up to when a desk was asked which of its tasks were closed; it said so.
update sinks set heard_at = moment(%(heard_at)s), unheard = '' where name = %(sink)s
