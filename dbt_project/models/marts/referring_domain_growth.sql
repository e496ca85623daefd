with growth as (

    select * from {{ ref('int_site_growth') }}

),

parties as (

    select
        client_id,
        refreshed_on,
        party,
        is_own_site,
        refreshed_before_on,
        cast(sum(referring_domains) as bigint) as referring_domains,
        cast(sum(unconfirmed_domains) as bigint) as unconfirmed_domains,
        cast(sum(gained) as bigint) as gained,
        cast(sum(gained_by_coverage) as bigint) as gained_by_coverage,
        cast(sum(lost) as bigint) as lost,
        list(
            struct_pack(
                authority_band := authority_band,
                referring_domains := referring_domains,
                gained := gained,
                lost := lost
            )
            order by authority_band
        ) filter (authority_band is not null) as authority_bands
    from growth
    group by client_id, refreshed_on, party, is_own_site, refreshed_before_on

),

-- a month is a twelfth of a year of 365.25 days
paced as (

    select
        *,
        (gained - gained_by_coverage - lost) * 30.4375 / (refreshed_on - refreshed_before_on) as net_per_month
    from parties

),

clients as (

    select * from paced
    where party = ''

)

select
    sites.client_id,
    sites.refreshed_on,
    sites.party as site,
    sites.is_own_site,
    sites.refreshed_before_on as compared_with,
    sites.referring_domains,
    sites.unconfirmed_domains,
    sites.gained,
    sites.gained_by_coverage,
    sites.lost,
    sites.gained - sites.lost as net,
    round(sites.net_per_month, 2) as net_per_month,
    coalesce(sites.authority_bands, []) as authority_bands,
    clients.referring_domains as client_referring_domains,
    round(clients.net_per_month, 2) as client_net_per_month,
    case
        when sites.is_own_site then null
        when clients.referring_domains >= sites.referring_domains then 0
        when clients.net_per_month > sites.net_per_month
            then
                round(
                    (sites.referring_domains - clients.referring_domains)
                    / (clients.net_per_month - sites.net_per_month),
                    1
                )
    end as months_to_parity,
    case
        when sites.is_own_site then null
        when clients.referring_domains >= sites.referring_domains then 'reached'
        when clients.net_per_month is null or sites.net_per_month is null then 'unknown'
        when clients.net_per_month > sites.net_per_month then 'in sight'
        else 'never'
    end as parity
from paced as sites
inner join clients
    on sites.client_id = clients.client_id
    and sites.refreshed_on = clients.refreshed_on
where sites.party != ''
