with outreach_events as (

    select * from {{ ref('int_outreach_events') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

)

select
    outreach_events.client_id,
    outreach_events.refreshed_on,
    outreach_events.file_id,
    outreach_events.row_number,
    outreach_events.referring_domain,
    outreach_events.source_url,
    outreach_events.outreach_status,
    outreach_events.owner,
    outreach_events.note,
    outreach_events.problem,
    outreach_events.is_latest,
    outreach_events.logged_on
from outreach_events
inner join refreshes
    on outreach_events.client_id = refreshes.client_id
    and outreach_events.refreshed_on = refreshes.refreshed_on
