with states as (

    select
        *,
        -- a sum of doubles depends on the order of its rows
        cast(opened_score as decimal(18, 1)) as exact_score
    from {{ ref('int_gap_states') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

counted as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        refreshes.refresh_number,
        count(*) filter (states.state_before = 'open') as open_at_start,
        count(*) filter (states.transition = 'new') as new,
        count(*) filter (states.transition = 'reopened') as reopened,
        count(*) filter (states.transition = 'returned') as returned,
        count(*) filter (states.transition = 'panel_new') as panel_new,
        count(*) filter (states.transition = 'closed' and states.state_before = 'open') as closed,
        count(*) filter (states.transition = 'expired' and states.state_before = 'open') as expired,
        count(*) filter (states.transition = 'set_aside' and states.state_before = 'open') as set_aside,
        count(*) filter (states.transition = 'panel_removed' and states.state_before = 'open') as panel_removed,
        count(*) filter (states.state = 'open') as open_at_end,
        count(*) filter (states.is_coverage_change) as new_by_coverage,
        count(*) filter (states.transition = 'closed' and states.closed_kind = 'won') as won
    from refreshes
    left join states
        on refreshes.client_id = states.client_id
        and refreshes.refreshed_on = states.refreshed_on
    group by all

),

-- the open gaps of a client's first refresh, and what has become of them at each later one
first_refreshes as (

    select
        client_id,
        refreshed_on as first_refreshed_on
    from refreshes
    where refresh_number = 1

),

baseline as (

    select
        states.client_id,
        states.refreshed_on,
        count(*) as gaps,
        count(*) filter (states.state = 'closed' and states.closed_kind = 'won') as won,
        sum(states.exact_score) as score,
        sum(states.exact_score) filter (states.state = 'closed' and states.closed_kind = 'won') as won_score
    from states
    inner join first_refreshes
        on states.client_id = first_refreshes.client_id
        and states.first_opened_on = first_refreshes.first_refreshed_on
    group by all

)

select
    counted.*,
    100.0 * counted.won / nullif(counted.open_at_start, 0) as closing_pct,
    100.0 * baseline.won / nullif(baseline.gaps, 0) as closing_pct_baseline,
    100.0 * coalesce(baseline.won_score, 0) / nullif(baseline.score, 0) as closing_pct_weighted
from counted
left join baseline
    on counted.client_id = baseline.client_id
    and counted.refreshed_on = baseline.refreshed_on
