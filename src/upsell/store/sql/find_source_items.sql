-- What a source has sent under some keys.
select key, hash, names from source_items where source = %(source)s and key = any(%(keys)s)
