-- Keep what was tested and found.
insert into experiments_closed (workflow, version, vary, arm, closed_at, closed_by, why, record)
values (
    %(workflow)s, %(version)s, %(vary)s, %(arm)s, moment(%(closed_at)s), %(closed_by)s, %(why)s, %(record)s
)
