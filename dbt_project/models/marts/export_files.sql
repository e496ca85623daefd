with export_files as (

    select * from {{ source('ledger', 'export_files') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

file_counts as (

    select * from {{ ref('int_file_counts') }}

)

select
    export_files.client_id,
    export_files.refreshed_on,
    export_files.path,
    export_files.file_id,
    export_files.provider,
    export_files.export_kind,
    export_files.vintage,
    export_files.site,
    export_files.encoding,
    export_files.scope,
    export_files.outcome,
    export_files.reason,
    export_files.rows_read,
    cast(file_counts.rows_accepted as bigint) as rows_accepted,
    cast(file_counts.rows_rejected as bigint) as rows_rejected,
    cast(file_counts.rows_duplicate as bigint) as rows_duplicate
from export_files
inner join refreshes
    on export_files.client_id = refreshes.client_id
    and export_files.refreshed_on = refreshes.refreshed_on
left join file_counts
    on export_files.client_id = file_counts.client_id
    and export_files.refreshed_on = file_counts.refreshed_on
    and export_files.file_id = file_counts.file_id
    and (file_counts.site is null or export_files.site = file_counts.site)
    and export_files.outcome = 'accepted'
where refreshes.is_in_run
