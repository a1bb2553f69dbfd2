-- How many customers and accounts a source has sent traits of.
select count(*) from source_items where source = %(source)s and key like 't%%'
