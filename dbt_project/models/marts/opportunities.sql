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

)

select
    client_id,
    refreshed_on,
    referring_domain,
    case
        when is_ranked
            then cast(row_number() over (
                partition by client_id, refreshed_on, is_ranked
                order by score desc, referring_domain
            ) as integer)
    end as rank,
    case
        when score >= {{ var('tier_a_score') }} then 'A'
        when score >= {{ var('tier_b_score') }} then 'B'
        else 'C'
    end as tier,
    tactic,
    tactic_reason,
    segment,
    gap_class,
    absence,
    best_source_url,
    best_target_url,
    best_anchor as anchor,
    placement,
    outreach_status,
    competitors_linked,
    authority,
    traffic,
    relevance,
    relevance_evidence,
    relevance_source_url,
    points_authority,
    points_relevance,
    points_competitors,
    points_traffic,
    points_placement,
    points_editorial,
    points_freshness,
    risk,
    score,
    is_editorial,
    is_earnable
from open_gaps
