-- Say up to when exposures are closed.
update guarded set closed_to = moment(%(closed_to)s)
