-- Whether a sink has any dead is asked before each batch.
-- depends: 0050.unit_search

create index sink_parcels_dead on sink_parcels (sink, died_at) where died_at is not null;
