{{ config(materialized='view') }}

with export_files as (

    select * from {{ source('ledger', 'export_files') }}

),

file_counts as (

    select * from {{ ref('int_file_counts') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

)

select
    export_files.*,
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
