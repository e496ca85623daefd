with attempts as (

    select
        client_id,
        refreshed_on,
        count(*) filter (is_decided and segment is not null) as outcomes,
        count(*) filter (is_decided and segment is not null and attempt_outcome = 'won') as won
    from {{ ref('int_outreach_attempts') }}
    group by all

),

backtests as (

    select * from {{ ref('int_win_backtests') }}

)

select
    attempts.client_id,
    attempts.refreshed_on,
    attempts.outcomes,
    attempts.won,
    cast({{ var('least_outcomes') }} as bigint) as outcomes_needed,
    cast({{ var('least_outcomes_of_a_kind') }} as bigint) as outcomes_needed_of_a_kind,
    attempts.outcomes >= {{ var('least_outcomes') }}
    and least(attempts.won, attempts.outcomes - attempts.won) >= {{ var('least_outcomes_of_a_kind') }} as is_enough,
    backtests.learnt_until,
    backtests.outcomes_before,
    backtests.outcomes_after,
    backtests.compared,
    backtests.won_by_chance,
    backtests.won_by_authority,
    backtests.brier,
    backtests.brier_of_rate
from attempts
left join backtests
    on attempts.client_id = backtests.client_id
    and attempts.refreshed_on = backtests.refreshed_on
