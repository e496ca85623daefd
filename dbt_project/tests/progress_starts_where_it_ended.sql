-- A failure means: the open gaps at the start of a refresh are not those at the end of the one before.
{{ config(meta={'dagster': {'ref': {'name': 'gap_progress'}}}) }}

with progress as (

    select
        gap_progress.client_id,
        gap_progress.refreshed_on,
        refreshes.refresh_number,
        gap_progress.open_at_start,
        gap_progress.open_at_end
    from {{ ref('gap_progress') }} as gap_progress
    inner join {{ ref('refreshes') }} as refreshes
        on gap_progress.client_id = refreshes.client_id
        and gap_progress.refreshed_on = refreshes.refreshed_on

)

select
    progress.client_id,
    progress.refreshed_on,
    progress.open_at_start,
    earlier.open_at_end as open_at_end_before
from progress
left join progress as earlier
    on progress.client_id = earlier.client_id
    and progress.refresh_number = earlier.refresh_number + 1
where
    progress.open_at_start != earlier.open_at_end
    or (progress.refresh_number = 1 and progress.open_at_start != 0)
