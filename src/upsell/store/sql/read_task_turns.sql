-- When people were last given a task of a queue.
select person, turn from task_turns where queue = %(queue)s
