-- Somebody was given the latest task of a queue.
insert into task_turns (queue, person, turn)
select %(queue)s, %(person)s, coalesce(max(turn), 0) + 1 from task_turns where queue = %(queue)s
on conflict (queue, person) do update set turn = excluded.turn
