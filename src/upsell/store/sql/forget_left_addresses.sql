-- Forget that some scopes were left at an address.
delete from left_addresses
where address = %(address)s and scope = any(%(scopes)b::text[])
