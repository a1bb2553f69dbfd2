-- Keep what was refused.
copy rejections (rejected_at, source, place, code, message, body) from stdin (format binary)
