with export_files as (

    select * from {{ source('ledger', 'export_files') }}

),

export_sites as (

    select * from {{ source('ledger', 'export_sites') }}

),

row_caps as (

    select * from {{ source('ledger', 'row_caps') }}

),

site_totals as (

    select
        client_id,
        refreshed_on,
        provider,
        site,
        max(total_backlinks) as total_backlinks,
        max(total_referring_domains) as total_referring_domains
    from {{ source('ledger', 'site_totals') }}
    group by all

),

files as (

    select
        export_files.client_id,
        export_files.refreshed_on,
        export_sites.site,
        export_files.provider,
        export_files.export_kind,
        export_files.rows_read,
        export_files.provider_total,
        coalesce(export_files.is_one_link_per_host, false) as is_one_link_per_host,
        case
            when row_caps.row_cap is not null
                then 'exactly ' || row_caps.row_cap || ' rows, where the provider cuts an export'
            when export_files.rows_read > 0 and export_files.rows_read % 1000 = 0
                then export_files.rows_read || ' rows, a multiple of 1,000'
            -- the provider's words for less than a site with everything below it
            when string_split(export_files.scope, '; ')[1] = 'exact' then 'scope exact: one page of the site'
            when
                string_split(export_files.scope, '; ')[1] in ('domain', 'path', 'prefix')
                and not contains(export_sites.site, '/')
                then 'scope ' || string_split(export_files.scope, '; ')[1] || ': narrower than the site'
            when list_contains(string_split(export_files.scope, '; '), 'follow only')
                then 'scope follow only: other links are left out'
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

),

kinds as (

    select
        client_id,
        refreshed_on,
        site,
        provider,
        export_kind,
        sum(rows_read) as row_count,
        max(provider_total) as provider_total,
        -- a list with one link per host is complete when it has every domain, however many links there are
        bool_and(is_one_link_per_host) as is_one_link_per_host,
        -- one cut file is enough: what it left out may stand in no other
        max(truncation_evidence) as truncation_evidence
    from files
    group by all

),

totals as (

    select
        kinds.*,
        coalesce(
            kinds.provider_total,
            case
                when
                    kinds.export_kind = 'referring_domains'
                    or (kinds.export_kind = 'backlinks' and kinds.is_one_link_per_host)
                    then site_totals.total_referring_domains
                when kinds.export_kind = 'backlinks' then site_totals.total_backlinks
            end
        ) as total
    from kinds
    left join site_totals
        on kinds.client_id = site_totals.client_id
        and kinds.refreshed_on = site_totals.refreshed_on
        and kinds.provider = site_totals.provider
        and kinds.site = site_totals.site

),

judged as (

    select
        *,
        coalesce(
            truncation_evidence,
            case
                when row_count > 0 and row_count < total
                    then row_count || ' rows of ' || total || ' by the provider''s own total'
            end
        ) as evidence
    from totals

)

select
    client_id,
    refreshed_on,
    site,
    provider,
    export_kind,
    row_count,
    evidence as truncation_evidence,
    evidence is not null as is_truncated
from judged
