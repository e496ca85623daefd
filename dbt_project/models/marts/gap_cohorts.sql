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
    states.first_opened_on,
    count(*) as cohort_size,
    count(*) filter (states.state = 'open') as open,
    count(*) filter (states.state = 'closed') as closed,
    count(*) filter (states.state = 'lost') as lost,
    count(*) filter (states.state = 'expired') as expired,
    count(*) filter (states.state = 'set_aside') as set_aside,
    100.0 * count(*) filter (states.state = 'closed' and states.closed_kind = 'won') / count(*) as closing_pct
from states
inner join refreshes
    on states.client_id = refreshes.client_id
    and states.refreshed_on = refreshes.refreshed_on
group by all
