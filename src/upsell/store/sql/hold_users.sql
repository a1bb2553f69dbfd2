-- Let nobody else add a user until the transaction ends.
lock table users in share row exclusive mode
