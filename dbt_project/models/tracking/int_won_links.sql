with states as (

    select * from {{ ref('int_gap_states') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

),

observations as (

    select * from {{ ref('int_gap_observations') }}
    where client_id in (select client_id from refreshes)

),

steps as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        state,
        transition,
        closed_on,
        closed_kind,
        lag(closed_on) over gap_in_time as closed_on_before,
        lag(closed_kind) over gap_in_time as closed_kind_before
    from states
    window gap_in_time as (partition by client_id, referring_domain order by refreshed_on)

),

-- refreshes that found the link: `unobserved` keeps the state without having seen it
sightings as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        closed_on
    from steps
    where state = 'closed' and closed_kind = 'won' and transition != 'unobserved'

),

endings as (

    select
        steps.client_id,
        steps.referring_domain,
        steps.closed_on_before as closed_on,
        steps.refreshed_on as ended_on,
        -- other ways out tell nothing of the link: a rule now sets it aside, or its site left the panel
        steps.transition in ('lost', 'reopened')
        and not coalesce(observations.is_client_set_aside, false)
        and not coalesce(observations.is_linked_under_panel_before, false) as is_lost,
        observations.client_lost_on
    from steps
    left join observations
        on steps.client_id = observations.client_id
        and steps.referring_domain = observations.referring_domain
        and steps.refreshed_on = observations.refreshed_on
    where steps.closed_kind_before = 'won' and steps.state != 'closed'

),

-- what was known at each refresh: nothing of a later one
known as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        sightings.referring_domain,
        sightings.closed_on,
        max(sightings.refreshed_on) as observed_on
    from refreshes
    inner join sightings
        on refreshes.client_id = sightings.client_id
        and refreshes.refreshed_on >= sightings.refreshed_on
    group by all

)

select
    known.client_id,
    known.refreshed_on,
    known.referring_domain,
    known.closed_on,
    case
        when not coalesce(endings.is_lost, false) then known.observed_on
        when endings.client_lost_on > known.observed_on and endings.client_lost_on <= endings.ended_on
            then endings.client_lost_on
        else endings.ended_on
    end - known.closed_on as observed_days,
    coalesce(endings.is_lost, false) as is_lost
from known
left join endings
    on known.client_id = endings.client_id
    and known.referring_domain = endings.referring_domain
    and known.closed_on = endings.closed_on
    and known.refreshed_on >= endings.ended_on
