with attempts as (

    select
        *,
        attempt_outcome = 'won' as is_won,
        -- without a day there is no before and after
        row_number() over (
            partition by client_id, refreshed_on order by contacted_on, referring_domain
        ) as attempt_number,
        count(*) over (partition by client_id, refreshed_on) as attempts
    from {{ ref('int_outreach_attempts') }}
    where {{ is_outcome() }} and contacted_on is not null

),

split as (

    select
        *,
        attempt_number <= {{ var('backtest_share') }} * attempts as is_before
    from attempts

),

learnt_from as (

    select
        client_id,
        refreshed_on,
        max(contacted_on) as learnt_until,
        count(*) as outcomes_before,
        avg(cast(is_won as integer)) as win_rate_before,
        list({{ win_traits() }} order by referring_domain) as attempt_traits,
        list(is_won order by referring_domain) as wins
    from split
    where is_before
    group by all
    having {{ has_enough_outcomes('is_won') }}

),

later as (

    select
        client_id,
        refreshed_on,
        list(
            struct_pack(referring_domain := referring_domain, is_won := is_won, authority := share_authority)
            order by referring_domain
        ) as attempts,
        list({{ win_traits() }} order by referring_domain) as attempt_traits
    from split
    where not is_before
    group by all

),

asked as (

    select
        later.client_id,
        later.refreshed_on,
        learnt_from.learnt_until,
        learnt_from.outcomes_before,
        learnt_from.win_rate_before,
        later.attempts,
        win_chances(learnt_from.attempt_traits, learnt_from.wins, later.attempt_traits) as chances
    from later
    inner join learnt_from
        on later.client_id = learnt_from.client_id
        and later.refreshed_on = learnt_from.refreshed_on

),

told as (

    select
        client_id,
        refreshed_on,
        learnt_until,
        outcomes_before,
        win_rate_before,
        unnest(attempts) as attempt,
        round(unnest(chances), 3) as win_chance
    from asked

),

ordered as (

    select
        *,
        attempt.is_won,
        row_number() over (
            partition by client_id, refreshed_on order by win_chance desc, attempt.referring_domain
        ) as place_by_chance,
        row_number() over (
            partition by client_id, refreshed_on order by attempt.authority desc, attempt.referring_domain
        ) as place_by_authority,
        -- the best third of those that were written to later
        ceil(count(*) over (partition by client_id, refreshed_on) / 3.0) as compared
    from told

)

select
    client_id,
    refreshed_on,
    any_value(learnt_until) as learnt_until,
    any_value(outcomes_before) as outcomes_before,
    count(*) as outcomes_after,
    cast(any_value(compared) as bigint) as compared,
    count(*) filter (is_won and place_by_chance <= compared) as won_by_chance,
    count(*) filter (is_won and place_by_authority <= compared) as won_by_authority,
    -- mean squared distance of what was told from what came (G. Brier 1950), beside the one of the rate before
    round(avg(pow(win_chance - cast(is_won as integer), 2)), 4) as brier,
    round(avg(pow(win_rate_before - cast(is_won as integer), 2)), 4) as brier_of_rate
from ordered
group by client_id, refreshed_on
