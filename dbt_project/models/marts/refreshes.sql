with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

),

files as (

    select
        client_id,
        refreshed_on,
        count(*) filter (outcome = 'accepted') as files_accepted,
        count(*) filter (outcome = 'refused') as files_refused,
        count(*) filter (outcome = 'duplicate') as files_duplicate,
        count(*) filter (outcome = 'withdrawn') as files_withdrawn,
        sum(rows_read) filter (outcome = 'accepted') as rows_read,
        sum(rows_accepted) as rows_accepted,
        sum(rows_rejected) as rows_rejected,
        sum(rows_duplicate) as rows_duplicate
    from {{ ref('int_export_files') }}
    group by all

)

select
    refreshes.client_id,
    refreshes.refreshed_on,
    refreshes.refresh_number,
    refreshes.competitors,
    refreshes.min_competitors,
    refreshes.panel_hash,
    refreshes.settings_hash,
    refreshes.deliveries_hash,
    refreshes.linkgap_version,
    cast(coalesce(files.files_accepted, 0) as bigint) as files_accepted,
    cast(coalesce(files.files_refused, 0) as bigint) as files_refused,
    cast(coalesce(files.files_duplicate, 0) as bigint) as files_duplicate,
    cast(coalesce(files.files_withdrawn, 0) as bigint) as files_withdrawn,
    cast(coalesce(files.rows_read, 0) as bigint) as rows_read,
    cast(coalesce(files.rows_accepted, 0) as bigint) as rows_accepted,
    cast(coalesce(files.rows_rejected, 0) as bigint) as rows_rejected,
    cast(coalesce(files.rows_duplicate, 0) as bigint) as rows_duplicate,
    -- set by publication
    cast(null as timestamp) as published_at
from refreshes
left join files
    on refreshes.client_id = files.client_id
    and refreshes.refreshed_on = files.refreshed_on
