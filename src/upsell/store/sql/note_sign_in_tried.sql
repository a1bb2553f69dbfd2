-- Remember that signing in was tried, by a name and from an address.
insert into sign_ins_tried (whose, tried_at)
select whose, moment(%(at)s) from unnest(%(whose)s::bytea []) as tried (whose)
returning number
