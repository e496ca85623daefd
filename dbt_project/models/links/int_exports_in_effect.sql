with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

export_files as (

    select * from {{ source('ledger', 'export_files') }}

),

export_sites as (

    select * from {{ source('ledger', 'export_sites') }}

),

providers as (

    select * from {{ ref('providers') }}

),

coverage as (

    select * from {{ ref('int_coverage') }}

),

-- for each refresh of the run: what each (site, provider, kind) was last delivered on, up to and before its date
deliveries as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        coverage.site,
        coverage.provider,
        coverage.export_kind,
        max(coverage.refreshed_on) as delivered_on,
        max(coverage.refreshed_on) filter (coverage.refreshed_on < refreshes.refreshed_on) as delivered_before_on
    from refreshes
    inner join panel_sites
        on refreshes.client_id = panel_sites.client_id
        and refreshes.refreshed_on = panel_sites.refreshed_on
    inner join coverage
        on refreshes.client_id = coverage.client_id
        and panel_sites.site = coverage.site
        and refreshes.refreshed_on >= coverage.refreshed_on
    where refreshes.is_in_run
    group by all

),

roles as (

    select
        client_id,
        refreshed_on,
        site,
        provider,
        export_kind,
        delivered_on,
        case when delivered_on = refreshed_on then 'current' else 'carried' end as evidence_role
    from deliveries

    union all

    -- what a truncated export left out may still be there: the export before it is asked, for states only
    select
        deliveries.client_id,
        deliveries.refreshed_on,
        deliveries.site,
        deliveries.provider,
        deliveries.export_kind,
        deliveries.delivered_before_on as delivered_on,
        'unconfirmed' as evidence_role
    from deliveries
    inner join coverage
        on deliveries.client_id = coverage.client_id
        and deliveries.refreshed_on = coverage.refreshed_on
        and deliveries.site = coverage.site
        and deliveries.provider = coverage.provider
        and deliveries.export_kind = coverage.export_kind
    where coverage.is_truncated and deliveries.delivered_before_on is not null

),

files as (

    select
        roles.client_id,
        roles.refreshed_on,
        roles.site,
        roles.provider,
        roles.export_kind,
        roles.evidence_role,
        roles.delivered_on,
        export_files.file_id,
        export_files.path,
        export_files.describes,
        export_files.site is null as is_of_many_sites,
        export_sites.target_header
    from roles
    inner join export_files
        on roles.client_id = export_files.client_id
        and roles.delivered_on = export_files.refreshed_on
        and roles.provider = export_files.provider
        and roles.export_kind = export_files.export_kind
        and (export_files.site is null or roles.site = export_files.site)
    inner join export_sites
        on export_files.client_id = export_sites.client_id
        and export_files.refreshed_on = export_sites.refreshed_on
        and export_files.file_id = export_sites.file_id
        and roles.site = export_sites.site
    where export_files.outcome = 'accepted'

),

numbered as (

    select
        files.*,
        row_number() over (
            partition by files.client_id, files.refreshed_on
            order by files.file_id, files.site, files.evidence_role, files.path
        ) as file_number,
        dense_rank() over (order by coalesce(providers.quote_rank, 99), files.provider) as provider_rank
    from files
    left join providers
        on files.provider = providers.provider

)

select
    client_id,
    refreshed_on,
    file_id,
    site,
    provider,
    export_kind,
    describes,
    is_of_many_sites,
    target_header,
    evidence_role,
    -- the bounds of `quote_key`
    case when file_number < 65536 then cast(file_number as integer) else error('over 65,535 files in a refresh') end
        as file_number,
    case when provider_rank < 16 then cast(provider_rank as integer) else error('over 15 providers') end
        as provider_rank,
    evidence_role = 'current' as is_current,
    delivered_on
from numbered
