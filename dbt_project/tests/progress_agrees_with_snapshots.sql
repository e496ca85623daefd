-- A failure means: the progress of a refresh counts other open, opened or closed gaps than its snapshots show.
{{ config(meta={'dagster': {'ref': {'name': 'gap_progress'}}}) }}

with snapshots as (

    select
        client_id,
        refreshed_on,
        count(*) filter (state = 'open') as open_at_end,
        count(*) filter (transition = 'new') as new,
        count(*) filter (transition = 'closed') as closed,
        count(*) filter (transition = 'expired') as expired
    from {{ ref('gap_snapshots') }}
    group by client_id, refreshed_on

),

progress as (

    select * from {{ ref('gap_progress') }}

)

select
    progress.client_id,
    progress.refreshed_on
from progress
left join snapshots
    on progress.client_id = snapshots.client_id
    and progress.refreshed_on = snapshots.refreshed_on
where
    progress.open_at_end != coalesce(snapshots.open_at_end, 0)
    or progress.new != coalesce(snapshots.new, 0)
    or progress.closed != coalesce(snapshots.closed, 0)
    or progress.expired != coalesce(snapshots.expired, 0)
