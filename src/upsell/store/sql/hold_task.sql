-- Hold a task until the transaction ends.
select key from tasks where key = %(key)s for update
