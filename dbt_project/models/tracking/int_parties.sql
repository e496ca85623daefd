with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

-- every site is a party of its own; the own sites together are one more, without a name
members as (

    select
        client_id,
        refreshed_on,
        site as party,
        is_own_site,
        site
    from {{ source('ledger', 'panel_sites') }}

    union all

    select
        client_id,
        refreshed_on,
        '' as party,
        is_own_site,
        site
    from {{ source('ledger', 'panel_sites') }}
    where is_own_site

),

parties as (

    select
        members.client_id,
        members.refreshed_on,
        members.party,
        refreshes.refresh_number,
        refreshes.refreshed_before_on,
        bool_and(members.is_own_site) as is_own_site,
        list(members.site order by members.site) as sites
    from members
    inner join refreshes
        on members.client_id = refreshes.client_id
        and members.refreshed_on = refreshes.refreshed_on
    group by all

),

-- refreshes in a row that hold the same party can be compared; a party that changed, or comes back, starts anew
spells as (

    select
        *,
        refresh_number
        - row_number() over (partition by client_id, party, sites order by refresh_number) as spell
    from parties

),

begun as (

    select
        * exclude (spell),
        min(refreshed_on) over (partition by client_id, party, sites, spell) as spell_began_on
    from spells

)

select
    client_id,
    refreshed_on,
    party,
    is_own_site,
    sites,
    spell_began_on,
    case when spell_began_on < refreshed_on then refreshed_before_on end as refreshed_before_on
from begun
