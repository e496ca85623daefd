with attempts as (

    select * from {{ ref('int_outreach_attempts') }}
    where {{ is_outcome() }}

),

-- (client, refresh) with outcomes enough to tell chances by
learnt_from as (

    select
        client_id,
        refreshed_on,
        list({{ win_traits() }} order by referring_domain) as attempt_traits,
        list(attempt_outcome = 'won' order by referring_domain) as wins
    from attempts
    group by all
    having {{ has_enough_outcomes("attempt_outcome = 'won'") }}

),

gaps as (

    select
        facts.client_id,
        facts.refreshed_on,
        list(facts.referring_domain order by facts.referring_domain) as referring_domains,
        list({{ win_traits() }} order by facts.referring_domain) as gap_traits
    from {{ ref('int_gap_facts') }} as facts
    group by all

),

asked as (

    select
        gaps.client_id,
        gaps.refreshed_on,
        gaps.referring_domains,
        win_chances(learnt_from.attempt_traits, learnt_from.wins, gaps.gap_traits) as chances
    from gaps
    inner join learnt_from
        on gaps.client_id = learnt_from.client_id
        and gaps.refreshed_on = learnt_from.refreshed_on

)

select
    client_id,
    refreshed_on,
    unnest(referring_domains) as referring_domain,
    round(unnest(chances), 3) as win_chance
from asked
