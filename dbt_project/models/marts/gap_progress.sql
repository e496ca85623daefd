with progress as (

    select * from {{ ref('int_gap_progress') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

new_links as (

    select
        client_id,
        refreshed_on,
        cast(sum(links) as bigint) as new_competitor_links
    from {{ ref('int_new_competitor_links') }}
    group by all

)

select
    progress.client_id,
    progress.refreshed_on,
    progress.open_at_start,
    progress.new,
    progress.reopened,
    progress.returned,
    progress.panel_new,
    progress.closed,
    progress.expired,
    progress.set_aside,
    progress.panel_removed,
    progress.open_at_end,
    progress.new_by_coverage,
    case when refreshes.refreshed_before_on is not null then coalesce(new_links.new_competitor_links, 0) end
        as new_competitor_links,
    progress.closing_pct,
    progress.closing_pct_baseline,
    progress.closing_pct_weighted
from progress
inner join refreshes
    on progress.client_id = refreshes.client_id
    and progress.refreshed_on = refreshes.refreshed_on
left join new_links
    on progress.client_id = new_links.client_id
    and progress.refreshed_on = new_links.refreshed_on
where refreshes.is_in_run
