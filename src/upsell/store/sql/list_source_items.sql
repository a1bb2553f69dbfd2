-- Every customer and account a source has sent traits of, from a key on.
select key from source_items
where source = %(source)s and key like 't%%' and key > %(after)s
order by key
limit %(limit)s
