-- Keep what a source told of a thing. Of two that hold from one moment on the greater stands, whichever came first.
insert into vendor_details (source, kind, vendor_id, since, said)
values (%(source)s, %(kind)s, %(vendor_id)s, %(since)s, %(said)s)
on conflict (source, kind, vendor_id, since) do update
    set said = excluded.said
    where vendor_details.said < excluded.said
