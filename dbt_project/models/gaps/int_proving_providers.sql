with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}

),

coverage as (

    select * from {{ ref('int_coverage') }}

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

-- providers that gave a current, untruncated list for every own site
complete_providers as (

    select
        panel_sites.client_id,
        panel_sites.refreshed_on,
        coverage.provider,
        count(distinct panel_sites.site) as own_sites_covered
    from panel_sites
    inner join coverage
        on panel_sites.client_id = coverage.client_id
        and panel_sites.refreshed_on = coverage.refreshed_on
        and panel_sites.site = coverage.site
    where
        panel_sites.is_own_site
        and coverage.export_kind in ('backlinks', 'referring_domains')
        and not coverage.is_truncated
    group by all

),

own_sites as (

    select
        client_id,
        refreshed_on,
        count(*) as own_sites
    from panel_sites
    where is_own_site
    group by all

),

provider_ranks as (

    select distinct
        provider,
        provider_rank
    from exports_in_effect

),

proving as (

    select
        complete_providers.client_id,
        complete_providers.refreshed_on,
        bit_or(cast(1 as integer) << provider_ranks.provider_rank) as provider_bits
    from complete_providers
    inner join own_sites
        on complete_providers.client_id = own_sites.client_id
        and complete_providers.refreshed_on = own_sites.refreshed_on
        and complete_providers.own_sites_covered = own_sites.own_sites
    inner join provider_ranks
        on complete_providers.provider = provider_ranks.provider
    group by all

)

select * from proving
