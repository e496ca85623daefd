with export_files as (

    select * from {{ source('ledger', 'export_files') }}

),

export_sites as (

    select * from {{ source('ledger', 'export_sites') }}

),

row_caps as (

    select * from {{ source('ledger', 'row_caps') }}

),

files as (

    select
        export_files.client_id,
        export_files.refreshed_on,
        export_sites.site,
        export_files.provider,
        export_files.export_kind,
        export_files.rows_read,
        case
            when row_caps.row_cap is not null
                then 'exactly ' || row_caps.row_cap || ' rows, where the provider cuts an export'
            when export_files.rows_read > 0 and export_files.rows_read % 1000 = 0
                then export_files.rows_read || ' rows, a multiple of 1,000'
            -- the provider's words for less than a site with everything below it
            when export_files.scope = 'exact' then 'scope exact: one page of the site'
            when export_files.scope in ('domain', 'path', 'prefix') and not contains(export_sites.site, '/')
                then 'scope ' || export_files.scope || ': narrower than the site'
        end as truncation_evidence
    from export_files
    inner join export_sites
        on export_files.client_id = export_sites.client_id
        and export_files.refreshed_on = export_sites.refreshed_on
        and export_files.file_id = export_sites.file_id
        and (export_files.site is null or export_files.site = export_sites.site)
    left join row_caps
        on export_files.provider = row_caps.provider
        and export_files.export_kind = row_caps.export_kind
        and export_files.rows_read = row_caps.row_cap
    where export_files.outcome = 'accepted'

)

select
    client_id,
    refreshed_on,
    site,
    provider,
    export_kind,
    sum(rows_read) as row_count,
    -- one cut file is enough: what it left out may stand in no other
    max(truncation_evidence) as truncation_evidence,
    max(truncation_evidence) is not null as is_truncated
from files
group by all
