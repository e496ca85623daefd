-- A failure means: a gap that is open by status and state is no opportunity, or an opportunity is no such gap.
{{ config(meta={'dagster': {'ref': {'name': 'opportunities'}}}) }}

with gaps as (

    select * from {{ ref('gaps') }}
    where gap_status = 'open'

),

snapshots as (

    select * from {{ ref('gap_snapshots') }}
    where state = 'open'

),

open_gaps as (

    select
        gaps.client_id,
        gaps.refreshed_on,
        gaps.referring_domain
    from gaps
    inner join snapshots
        on gaps.client_id = snapshots.client_id
        and gaps.refreshed_on = snapshots.refreshed_on
        and gaps.referring_domain = snapshots.referring_domain

),

opportunities as (

    select * from {{ ref('opportunities') }}

)

select
    coalesce(open_gaps.client_id, opportunities.client_id) as client_id,
    coalesce(open_gaps.refreshed_on, opportunities.refreshed_on) as refreshed_on,
    coalesce(open_gaps.referring_domain, opportunities.referring_domain) as referring_domain
from open_gaps
full outer join opportunities
    on open_gaps.client_id = opportunities.client_id
    and open_gaps.refreshed_on = opportunities.refreshed_on
    and open_gaps.referring_domain = opportunities.referring_domain
where open_gaps.client_id is null or opportunities.client_id is null
