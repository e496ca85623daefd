with attempts as (

    select * from {{ ref('outreach_attempts') }}

),

results as (

    {% for dimension in ['all', 'tactic', 'segment', 'tier'] %}
    select
        client_id,
        refreshed_on,
        '{{ dimension }}' as dimension,
        {{ "'all'" if dimension == 'all' else "coalesce(" ~ dimension ~ ", 'unknown')" }} as dimension_value,
        count(*) as contacted,
        count(*) filter (attempt_outcome = 'won') as won,
        count(*) filter (attempt_outcome = 'declined') as declined,
        count(*) filter (attempt_outcome = 'unanswered') as unanswered,
        count(*) filter (attempt_outcome = 'pending') as pending,
        count(*) filter (is_decided) as decided,
        count(*) filter (is_decided and attempt_outcome = 'won') as decided_won
    from attempts
    group by all
    {{ "union all" if not loop.last }}
    {% endfor %}

)

select
    *,
    round(100.0 * decided_won / nullif(decided, 0), 1) as won_pct,
    case when decided > 0 then {{ rate_interval_pct('decided_won', 'decided', -1) }} end as won_pct_low,
    case when decided > 0 then {{ rate_interval_pct('decided_won', 'decided', 1) }} end as won_pct_high
from results
