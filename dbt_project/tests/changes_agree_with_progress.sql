-- A failure means: the changes of a refresh are not those that its progress counts.
with changes as (

    select
        client_id,
        refreshed_on,
        count(*) filter (change = 'closed') as closed,
        count(*) filter (change = 'reopened') as reopened,
        coalesce(sum(links), 0) as new_competitor_links
    from {{ ref('changes') }}
    group by all

)

select
    progress.client_id,
    progress.refreshed_on
from {{ ref('gap_progress') }} as progress
left join changes
    on progress.client_id = changes.client_id
    and progress.refreshed_on = changes.refreshed_on
where
    progress.new_competitor_links is not null
    and (
        progress.closed is distinct from coalesce(changes.closed, 0)
        or progress.reopened is distinct from coalesce(changes.reopened, 0)
        or progress.new_competitor_links is distinct from coalesce(changes.new_competitor_links, 0)
    )
