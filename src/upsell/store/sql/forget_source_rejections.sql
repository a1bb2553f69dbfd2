-- Forget what an earlier run could not take of the rows that were read once more.
delete from rejections where source = %(source)s and code = 'row'
