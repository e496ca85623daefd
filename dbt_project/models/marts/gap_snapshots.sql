with states as (

    select * from {{ ref('int_gap_states') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

)

select
    states.client_id,
    states.refreshed_on,
    states.referring_domain,
    states.state,
    states.transition,
    states.closed_kind,
    states.closed_grade,
    states.opened_score,
    coalesce(states.is_coverage_change, false) as is_coverage_change,
    states.first_opened_on,
    states.opened_on,
    states.closed_on
from states
inner join refreshes
    on states.client_id = refreshes.client_id
    and states.refreshed_on = refreshes.refreshed_on
