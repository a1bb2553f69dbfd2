-- How sinks stand: whether one has any dead is asked before each batch, and a desk may not say what was closed there.
-- depends: 0050.unit_search

create index sink_parcels_dead on sink_parcels (sink, died_at) where died_at is not null;

-- Why a desk could not be asked, the last time; empty where it could.
alter table sinks add column unheard text not null default '';
