with gaps as (

    select * from {{ ref('int_gaps') }}
    where client_links = 0 and is_in_matrix

),

exports_in_effect as (

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

-- pages on which somebody looked for a link to the client and found none: the last check decides
checks as (

    select
        client_id,
        refreshed_on,
        page_key,
        max(live_key) % 2 = 0 as is_absent
    from {{ ref('int_link_rows_judged') }}
    where is_check and is_linked and is_accepted and evidence_role != 'unconfirmed'
    group by all

),

-- domains of which every page that links to a competitor was looked at
checked as (

    select
        links.client_id,
        links.refreshed_on,
        links.referring_domain,
        bool_and(coalesce(checks.is_absent, false)) as is_absent
    from {{ ref('int_links_merged') }} as links
    left join checks
        on links.client_id = checks.client_id
        and links.refreshed_on = checks.refreshed_on
        and links.page_key = checks.page_key
    where links.is_live and not links.is_own_site
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

select
    gaps.client_id,
    gaps.refreshed_on,
    gaps.referring_domain,
    case
        when gaps.has_rejected_client_link then 'rejected_link'
        when checked.is_absent then 'proven'
        when gaps.competitor_provider_bits & coalesce(proving.provider_bits, 0) != 0 then 'proven'
        else 'unproven'
    end as absence
from gaps
left join checked
    on gaps.client_id = checked.client_id
    and gaps.refreshed_on = checked.refreshed_on
    and gaps.referring_domain = checked.referring_domain
left join proving
    on gaps.client_id = proving.client_id
    and gaps.refreshed_on = proving.refreshed_on
