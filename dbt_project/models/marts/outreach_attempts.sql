with attempts as (

    select * from {{ ref('int_outreach_attempts') }}

),

observations as (

    select * from {{ ref('int_gap_observations') }}

)

select
    attempts.client_id,
    attempts.refreshed_on,
    attempts.referring_domain,
    attempts.attempt_outcome,
    attempts.is_decided,
    attempts.contacted_on,
    attempts.last_event_on,
    attempts.known_on,
    attempts.segment,
    attempts.tactic,
    case when observations.score is not null then {{ tier_of('observations.score') }} end as tier,
    observations.score
from attempts
left join observations
    on attempts.client_id = observations.client_id
    and attempts.known_on = observations.refreshed_on
    and attempts.referring_domain = observations.referring_domain
