with states as (

    select * from {{ ref('int_gap_states') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

observations as (

    select observations.*
    from {{ ref('int_gap_observations') }} as observations
    where observations.client_id in (select client_id from refreshes)

),

gap_links as (

    select * from {{ ref('int_gap_links') }}

),

changes_of_gaps as (

    select
        states.client_id,
        states.refreshed_on,
        states.transition as change,
        states.referring_domain,
        states.closed_kind,
        false as is_coverage_change
    from states
    inner join refreshes
        on states.client_id = refreshes.client_id
        and states.refreshed_on = refreshes.refreshed_on
    where
        refreshes.is_in_run
        and refreshes.refreshed_before_on is not null
        and states.transition in ('closed', 'lost', 'reopened')

    union all

    -- every competitor links now, and not all of them did before; that the panel shrank is no news
    select
        observations.client_id,
        observations.refreshed_on,
        'new_best_gap' as change,
        observations.referring_domain,
        null as closed_kind,
        observations.is_unseen_before as is_coverage_change
    from observations
    inner join refreshes
        on observations.client_id = refreshes.client_id
        and observations.refreshed_on = refreshes.refreshed_on
    inner join states
        on observations.client_id = states.client_id
        and observations.refreshed_on = states.refreshed_on
        and observations.referring_domain = states.referring_domain
    left join observations as before
        on observations.client_id = before.client_id
        and refreshes.refreshed_before_on = before.refreshed_on
        and observations.referring_domain = before.referring_domain
    where
        refreshes.is_in_run
        and refreshes.refreshed_before_on is not null
        and not refreshes.is_panel_changed
        and observations.gap_class = 'best'
        and observations.gap_status = 'open'
        and states.transition != 'unobserved'
        and before.gap_class is distinct from 'best'

)

select
    changes.client_id,
    changes.refreshed_on,
    changes.change,
    changes.referring_domain,
    '' as site,
    changes.closed_kind,
    changes.is_coverage_change,
    observations.score,
    cast(null as bigint) as links,
    gap_links.best_source_url as source_url
from changes_of_gaps as changes
left join observations
    on changes.client_id = observations.client_id
    and changes.refreshed_on = observations.refreshed_on
    and changes.referring_domain = observations.referring_domain
left join gap_links
    on changes.client_id = gap_links.client_id
    and changes.refreshed_on = gap_links.refreshed_on
    and changes.referring_domain = gap_links.referring_domain

union all

select
    client_id,
    refreshed_on,
    'new_competitor_link' as change,
    referring_domain,
    site,
    null as closed_kind,
    false as is_coverage_change,
    null as score,
    links,
    source_url
from {{ ref('int_new_competitor_links') }}
