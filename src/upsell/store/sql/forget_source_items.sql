-- Forget what a source has sent under some keys.
delete from source_items where source = %(source)s and key = any(%(keys)s)
