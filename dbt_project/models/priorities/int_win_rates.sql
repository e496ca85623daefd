with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

),

assumed as (

    select * from {{ ref('win_rates') }}

),

outcomes as (

    select * from {{ ref('int_outreach_attempts') }}
    where {{ is_outcome() }}

),

in_all as (

    select
        client_id,
        refreshed_on,
        count(*) as decided,
        count(*) filter (attempt_outcome = 'won') as won
    from outcomes
    group by all

),

by_segment as (

    select
        client_id,
        refreshed_on,
        segment,
        count(*) as decided,
        count(*) filter (attempt_outcome = 'won') as won
    from outcomes
    group by all

)

select
    refreshes.client_id,
    refreshes.refreshed_on,
    assumed.segment,
    assumed.win_pct as assumed_win_pct,
    coalesce(by_segment.decided, 0) as decided,
    coalesce(by_segment.won, 0) as won,
    coalesce(in_all.decided, 0) as decided_in_all,
    coalesce(in_all.won, 0) as won_in_all,
    -- mean of a beta distribution: what is assumed counts like so many outcomes
    round(
        ({{ var('assumed_outcomes') }} * assumed.win_pct / 100.0 + coalesce(by_segment.won, 0))
        / ({{ var('assumed_outcomes') }} + coalesce(by_segment.decided, 0)),
        3
    ) as win_rate
from refreshes
cross join assumed
left join by_segment
    on refreshes.client_id = by_segment.client_id
    and refreshes.refreshed_on = by_segment.refreshed_on
    and assumed.segment = by_segment.segment
left join in_all
    on refreshes.client_id = in_all.client_id
    and refreshes.refreshed_on = in_all.refreshed_on
