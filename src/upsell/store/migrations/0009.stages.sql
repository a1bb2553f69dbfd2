-- The lifecycle stage a unit was in when it was exposed; empty where it was not known.
-- depends: 0002.households

alter table exposures add column stage text not null default '';
