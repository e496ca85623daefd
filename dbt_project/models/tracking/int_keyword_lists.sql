{{ config(
    materialized='incremental',
    schema='history',
    pre_hook="{{ delete_slices_of_run() }}",
) }}

with exports_in_effect as (

    select
        client_id,
        refreshed_on,
        file_id,
        site as file_site,
        provider
    from {{ ref('int_exports_in_effect') }}
    where export_kind = 'keywords' and evidence_role = 'current'

),

export_files as (

    select
        client_id,
        refreshed_on,
        file_id,
        max(rows_read) as rows_read
    from {{ source('ledger', 'export_files') }}
    where outcome = 'accepted'
    group by all

),

coverage as (

    select * from {{ ref('int_coverage') }}
    where export_kind = 'keywords'

),

keyword_rows as (

    select * from {{ ref('int_keyword_rows') }}

),

-- what the rows of a file tell of it; one that knows pages or positions in means over places alone is no list of pages
files as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.file_site,
        exports_in_effect.provider,
        exports_in_effect.file_id,
        max(keyword_rows.file_country) as file_country,
        max(keyword_rows.file_device) as file_device,
        min(keyword_rows.country) as first_country,
        max(keyword_rows.country) as last_country,
        min(keyword_rows.device) as first_device,
        max(keyword_rows.device) as last_device,
        -- a search that shows no page to anybody leaves no row: what is absent has not dropped
        coalesce(bool_or(keyword_rows.impressions is not null), false) as is_of_impressions,
        coalesce(bool_or(keyword_rows.delivered_url is not null and keyword_rows.position is not null), false)
            as has_positions,
        any_value(export_files.rows_read) = 0 as is_empty
    from exports_in_effect
    inner join export_files
        on exports_in_effect.client_id = export_files.client_id
        and exports_in_effect.refreshed_on = export_files.refreshed_on
        and exports_in_effect.file_id = export_files.file_id
    left join keyword_rows
        on exports_in_effect.client_id = keyword_rows.client_id
        and exports_in_effect.refreshed_on = keyword_rows.refreshed_on
        and exports_in_effect.file_site = keyword_rows.file_site
        and exports_in_effect.file_id = keyword_rows.file_id
    group by all

)

select
    files.client_id,
    files.refreshed_on,
    files.file_site,
    files.provider,
    -- a file with one country or device may be all there is or all that was asked for: it speaks of that one
    coalesce(files.file_country, case when files.first_country = files.last_country then files.first_country end, 'all')
        as list_country,
    coalesce(files.file_device, case when files.first_device = files.last_device then files.first_device end, 'all')
        as list_device,
    bool_and(not coverage.is_truncated and not files.is_of_impressions) as is_complete
from files
inner join coverage
    on files.client_id = coverage.client_id
    and files.refreshed_on = coverage.refreshed_on
    and files.file_site = coverage.site
    and files.provider = coverage.provider
where files.has_positions or files.is_empty
group by all
