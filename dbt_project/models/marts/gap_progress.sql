with progress as (

    select * from {{ ref('int_gap_progress') }}

),

refreshes as (

    select
        client_id,
        refreshed_on,
        is_in_run,
        lag(refreshed_on) over (partition by client_id order by refreshed_on) as refreshed_before_on
    from {{ source('ledger', 'refreshes') }}

),

links as (

    select * from {{ ref('int_links_merged') }}
    where is_accepted and is_live and not is_own_site

),

new_links as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        count(*) as new_competitor_links
    from refreshes
    inner join links
        on refreshes.client_id = links.client_id
        and refreshes.refreshed_on = links.refreshed_on
        and refreshes.refreshed_before_on < links.first_seen_on
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
