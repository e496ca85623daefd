with facts as (

    select * from {{ ref('int_gap_facts') }}

),

win_rates as (

    select * from {{ ref('int_win_rates') }}

),

win_chances as (

    select * from {{ ref('int_win_chances') }}

),

weights as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        priority_weights.component,
        coalesce(client_weights.weight, priority_weights.weight) as weight
    from {{ source('ledger', 'refreshes') }} as refreshes
    cross join {{ ref('priority_weights') }} as priority_weights
    left join {{ source('ledger', 'priority_weights') }} as client_weights
        on refreshes.client_id = client_weights.client_id
        and refreshes.refreshed_on = client_weights.refreshed_on
        and priority_weights.component = client_weights.component
    where refreshes.is_in_run

),

-- points that a component can give: its share of all weights, out of 100
full_points as (

    select
        {% for component in score_components() %}
        {{ share_of_points(component) }} as {{ component }},
        {% endfor %}
        client_id,
        refreshed_on
    from weights
    group by all

),

-- a chance for the domain itself says more than the rate of its segment
with_winnability as (

    select
        facts.*,
        win_chances.win_chance,
        coalesce(win_chances.win_chance, win_rates.win_rate) as winnability,
        least(1, coalesce(win_chances.win_chance, win_rates.win_rate) / {{ var('full_win_rate') }})
            as share_winnability,
        win_rates.won || ' of ' || win_rates.decided || ' in ' || facts.segment || ' won'
        || case
            when win_chances.win_chance is not null
                then '; chance of this domain from ' || win_rates.decided_in_all || ' outcomes'
            else
                ', ' || win_rates.assumed_win_pct || ' % assumed; not enough outcomes for a chance of its own: '
                || win_rates.decided_in_all || ' of {{ var("least_outcomes") }}'
                || ', ' || win_rates.won_in_all || ' won'
        end as winnability_evidence
    from facts
    inner join win_rates
        on facts.client_id = win_rates.client_id
        and facts.refreshed_on = win_rates.refreshed_on
        and facts.segment = win_rates.segment
    left join win_chances
        on facts.client_id = win_chances.client_id
        and facts.refreshed_on = win_chances.refreshed_on
        and facts.referring_domain = win_chances.referring_domain

),

pointed as (

    select
        {% for component in score_components() %}
        coalesce(round(full_points.{{ component }} * with_winnability.share_{{ component }}, 2), 0)
            as points_{{ component }},
        {% endfor %}
        with_winnability.*
    from with_winnability
    inner join full_points
        on with_winnability.client_id = full_points.client_id
        and with_winnability.refreshed_on = full_points.refreshed_on

)

select
    *,
    round(({{ sum_of_points() }}) * (1 - risk), 1) as score
from pointed
