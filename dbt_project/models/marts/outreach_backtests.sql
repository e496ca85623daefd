with attempts as (

    select * from {{ ref('int_outreach_attempts') }}

),

contacted as (

    select distinct
        client_id,
        refreshed_on
    from attempts

),

outcomes as (

    select
        client_id,
        refreshed_on,
        count(*) as outcomes,
        count(*) filter (attempt_outcome = 'won') as won,
        {{ has_enough_outcomes("attempt_outcome = 'won'") }} as is_enough
    from attempts
    where {{ is_outcome() }}
    group by client_id, refreshed_on

),

backtests as (

    select * from {{ ref('int_win_backtests') }}

)

select
    contacted.client_id,
    contacted.refreshed_on,
    coalesce(outcomes.outcomes, 0) as outcomes,
    coalesce(outcomes.won, 0) as won,
    cast({{ var('least_outcomes') }} as bigint) as outcomes_needed,
    cast({{ var('least_outcomes_of_a_kind') }} as bigint) as outcomes_needed_of_a_kind,
    coalesce(outcomes.is_enough, false) as is_enough,
    backtests.learnt_until,
    backtests.outcomes_before,
    backtests.outcomes_after,
    backtests.compared,
    backtests.won_by_chance,
    backtests.won_by_authority,
    backtests.brier,
    backtests.brier_of_rate
from contacted
left join outcomes
    on contacted.client_id = outcomes.client_id
    and contacted.refreshed_on = outcomes.refreshed_on
left join backtests
    on contacted.client_id = backtests.client_id
    and contacted.refreshed_on = backtests.refreshed_on
