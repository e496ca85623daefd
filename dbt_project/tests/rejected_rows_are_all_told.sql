-- A failure means: a file counts rows set aside that `rejected_rows` does not tell, or tells more than it counts.
{{ config(meta={'dagster': {'ref': {'name': 'rejected_rows'}}}) }}

with files as (

    select * from {{ ref('export_files') }}
    where outcome = 'accepted'

),

told as (

    select
        client_id,
        refreshed_on,
        file_id,
        site,
        count(*) as rows_told
    from {{ ref('rejected_rows') }}
    group by client_id, refreshed_on, file_id, site

)

select
    files.client_id,
    files.refreshed_on,
    files.path,
    files.rows_rejected,
    told.rows_told
from files
left join told
    on files.client_id = told.client_id
    and files.refreshed_on = told.refreshed_on
    and files.file_id = told.file_id
    and files.site is not distinct from told.site
where coalesce(files.rows_rejected, 0) != coalesce(told.rows_told, 0)
