-- Forget signals that no window still open can hold.
delete from guarded_signals where occurred_at < moment(%(closed_to)s - %(window)s)
