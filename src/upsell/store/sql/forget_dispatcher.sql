-- Forget what a dispatcher that ends knew, and those not heard of for long.
delete from mail_providers where process = %(process)s or reported_at < moment(%(before)s)
