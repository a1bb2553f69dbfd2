-- Roles of each member of an account, a row each in their order and one without a role for who has none,
-- so that an event in a large account reads those concerned alone.
-- depends: 0005.identities

create table rosters (
    household_id text not null,
    customer_id text not null,
    place smallint not null,
    role text not null,
    primary key (household_id, customer_id, place)
);

create index rosters_role on rosters (household_id, role);
create index rosters_customer on rosters (customer_id);

insert into rosters (household_id, customer_id, place, role)
select units.unit_id, member.key, coalesce(held.place, 1), coalesce(held.role, '')
from units
cross join jsonb_each(units.roster::jsonb) as member
left join jsonb_array_elements_text(member.value) with ordinality as held (role, place) on true
where units.roster is not null;

alter table units drop column roster;
