-- Forget tries by their numbers, and all that no limit counts any more.
delete from sign_ins_tried where number = any(%(numbers)s) or tried_at <= moment(%(since)s)
