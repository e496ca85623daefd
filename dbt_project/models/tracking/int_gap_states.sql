{%- set opened_today -%}
    case
        when
            coalesce(states.state, 'none') != 'open'
            and {{ is_agreed() }}
            and {{ gap_state('states.state', 'observed.now_for_sure') }} = 'open'
            then observed.refreshed_on
    end
{%- endset -%}

with recursive refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

observations as (

    select observations.*
    from {{ ref('int_gap_observations') }} as observations
    where observations.client_id in (select client_id from refreshes)

),

-- domains that were an open gap at least once, over all refreshes of their client
domains as (

    select distinct
        client_id,
        referring_domain
    from observations
    where now_perhaps = 'open' or now_for_sure = 'open'

),

observed as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        refreshes.refresh_number,
        domains.referring_domain,
        -- the panel changed, and the links alone would not have done what was observed
        refreshes.is_panel_changed and not coalesce(observations.is_open_under_panel_before, false)
            as is_opened_by_panel,
        refreshes.is_panel_changed and not coalesce(observations.was_open_under_this_panel, false)
            as is_ended_by_panel,
        coalesce(observations.now_perhaps, 'absent') as now_perhaps,
        coalesce(observations.now_for_sure, 'absent') as now_for_sure,
        coalesce(bool_or(observations.is_client_linked) over (
            partition by refreshes.client_id, domains.referring_domain
            order by refreshes.refresh_number
            rows between unbounded preceding and 1 preceding
        ), false) as was_ever_linked
    from domains
    inner join refreshes
        on domains.client_id = refreshes.client_id
    left join observations
        on domains.client_id = observations.client_id
        and domains.referring_domain = observations.referring_domain
        and refreshes.refreshed_on = observations.refreshed_on

),

-- one step a refresh: what both readings of doubtful evidence agree on happens, else the old state stays
states as (

    select
        client_id,
        cast('-infinity' as date) as refreshed_on,
        cast(0 as integer) as refresh_number,
        referring_domain,
        cast(null as varchar) as state_before,
        cast(null as varchar) as state,
        cast(null as varchar) as transition,
        cast(null as date) as first_opened_on,
        cast(null as date) as opened_on,
        cast(null as date) as closed_on
    from domains

    union all

    select
        observed.client_id,
        observed.refreshed_on,
        observed.refresh_number,
        observed.referring_domain,
        states.state as state_before,
        case when {{ is_agreed() }} then {{ gap_state('states.state', 'observed.now_for_sure') }} else states.state end
            as state,
        case
            when {{ is_agreed() }}
                then {{ gap_transition(
                    'states.state', 'observed.now_for_sure', 'observed.was_ever_linked',
                    'observed.is_opened_by_panel', 'observed.is_ended_by_panel'
                ) }}
            when states.state is not null then 'unobserved'
        end as transition,
        coalesce(states.first_opened_on, {{ opened_today }}) as first_opened_on,
        coalesce({{ opened_today }}, states.opened_on) as opened_on,
        case
            when {{ is_agreed() }} and {{ gap_state('states.state', 'observed.now_for_sure') }} = 'closed'
                then case when states.state = 'closed' then states.closed_on else observed.refreshed_on end
            when not {{ is_agreed() }} then states.closed_on
        end as closed_on
    from states
    inner join observed
        on states.client_id = observed.client_id
        and states.referring_domain = observed.referring_domain
        and states.refresh_number + 1 = observed.refresh_number

)

select
    states.client_id,
    states.refreshed_on,
    states.referring_domain,
    states.state_before,
    states.state,
    states.transition,
    states.transition = 'new' and refresh_observations.is_unseen_before as is_coverage_change,
    states.first_opened_on,
    states.opened_on,
    first_observations.score as opened_score,
    case when states.state = 'closed' then states.closed_on end as closed_on,
    case
        when states.state = 'closed'
            then case
                -- a newly configured own site is linked since whenever
                when
                    closing_refreshes.is_panel_changed
                    and not coalesce(closing_observations.is_linked_under_panel_before, false)
                    then 'already_linked'
                when closing_observations.client_first_seen_on > states.opened_on then 'won'
                else 'already_linked'
            end
    end as closed_kind,
    case when states.state = 'closed' then closing_observations.client_link_grade end as closed_grade
from states
left join observations as refresh_observations
    on states.client_id = refresh_observations.client_id
    and states.referring_domain = refresh_observations.referring_domain
    and states.refreshed_on = refresh_observations.refreshed_on
left join observations as first_observations
    on states.client_id = first_observations.client_id
    and states.referring_domain = first_observations.referring_domain
    and states.first_opened_on = first_observations.refreshed_on
left join observations as closing_observations
    on states.client_id = closing_observations.client_id
    and states.referring_domain = closing_observations.referring_domain
    and states.closed_on = closing_observations.refreshed_on
left join refreshes as closing_refreshes
    on states.client_id = closing_refreshes.client_id
    and states.closed_on = closing_refreshes.refreshed_on
where states.state is not null
