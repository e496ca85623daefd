with gap_scores as (

    select * from {{ ref('int_gap_scores') }}

),

states as (

    select * from {{ ref('int_gap_states') }}
    where state = 'open'

),

gaps as (

    select * from {{ ref('int_gaps') }}

),

absence as (

    select * from {{ ref('int_absence') }}

),

outreach as (

    select * from {{ ref('int_outreach_events') }}
    where is_latest

),

open_gaps as (

    select
        gap_scores.*,
        outreach.outreach_status,
        -- who is not to be contacted is not ranked, whatever the score
        gap_scores.tactic != 'skip' and coalesce(outreach.outreach_status, '') != 'do_not_contact' as is_ranked,
        gaps.competitors_linked,
        gaps.gap_class,
        absence.absence
    from gap_scores
    inner join states
        on gap_scores.client_id = states.client_id
        and gap_scores.refreshed_on = states.refreshed_on
        and gap_scores.referring_domain = states.referring_domain
    inner join gaps
        on gap_scores.client_id = gaps.client_id
        and gap_scores.refreshed_on = gaps.refreshed_on
        and gap_scores.referring_domain = gaps.referring_domain
    left join absence
        on gap_scores.client_id = absence.client_id
        and gap_scores.refreshed_on = absence.refreshed_on
        and gap_scores.referring_domain = absence.referring_domain
    left join outreach
        on gap_scores.client_id = outreach.client_id
        and gap_scores.refreshed_on = outreach.refreshed_on
        and gap_scores.referring_domain = outreach.referring_domain

),

ranked as (

    select
        *,
        case
            when is_ranked
                then cast(row_number() over (
                    partition by client_id, refreshed_on, is_ranked
                    order by score desc, referring_domain
                ) as integer)
        end as rank
    from open_gaps

),

last_places as (

    select
        client_id,
        refreshed_on,
        score
    from ranked
    where rank = {{ var('stable_places') }}

),

-- who cannot reach the last of the first places, however the weights move, need not be asked
contenders as (

    select
        ranked.client_id,
        ranked.refreshed_on,
        ranked.referring_domain,
        {% for component in score_components() %}
        ranked.points_{{ component }},
        {% endfor %}
        ranked.risk
    from ranked
    left join last_places
        on ranked.client_id = last_places.client_id
        and ranked.refreshed_on = last_places.refreshed_on
    where
        ranked.is_ranked
        and {{ 1 + var('weights_moved') | float(0.2) }} * (ranked.score + 0.05)
        >= {{ 1 - var('weights_moved') | float(0.2) }} * (coalesce(last_places.score, 0) - 0.05)

),

moved as (

    select
        contenders.client_id,
        contenders.refreshed_on,
        contenders.referring_domain,
        row_number() over (
            partition by contenders.client_id, contenders.refreshed_on, movements.movement
            order by
                ({{ sum_of_moved_points('movements.movement') }}) * (1 - contenders.risk) desc,
                contenders.referring_domain
        ) <= {{ var('stable_places') }} as is_among_first
    from contenders
    cross join range({{ weight_movements() }}) as movements (movement)

),

stability as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        round(100.0 * count(*) filter (is_among_first) / {{ weight_movements() }}, 1) as top_50_pct
    from moved
    group by all

)

select
    ranked.client_id,
    ranked.refreshed_on,
    ranked.referring_domain,
    ranked.rank,
    case when ranked.is_ranked then coalesce(stability.top_50_pct, 0) end as top_50_pct,
    {{ tier_of('ranked.score') }} as tier,
    ranked.tactic,
    ranked.tactic_reason,
    ranked.segment,
    ranked.gap_class,
    ranked.absence,
    ranked.best_source_url,
    ranked.best_target_url,
    ranked.best_anchor as anchor,
    ranked.placement,
    ranked.outreach_status,
    ranked.competitors_linked,
    ranked.authority,
    ranked.traffic,
    ranked.linked_domains,
    ranked.relevance,
    ranked.relevance_evidence,
    ranked.relevance_source_url,
    ranked.winnability,
    ranked.winnability_evidence,
    ranked.win_chance,
    {% for component in score_components() %}
    ranked.points_{{ component }},
    {% endfor %}
    ranked.risk,
    ranked.score,
    ranked.is_editorial,
    ranked.is_earnable
from ranked
left join stability
    on ranked.client_id = stability.client_id
    and ranked.refreshed_on = stability.refreshed_on
    and ranked.referring_domain = stability.referring_domain
