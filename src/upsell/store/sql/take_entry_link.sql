-- Use a link up; nothing where another was faster.
delete from entry_links where hash = %(hash)s returning user_number
