with gaps as (

    select * from {{ ref('int_gaps') }}
    where is_in_matrix

),

absence as (

    select * from {{ ref('int_absence') }}

)

select
    gaps.client_id,
    gaps.refreshed_on,
    gaps.referring_domain,
    gaps.gap_status,
    gaps.gap_class,
    absence.absence,
    gaps.competitor_sites,
    gaps.competitors_linked,
    gaps.client_links,
    gaps.competitor_links,
    gaps.is_unique
from gaps
left join absence
    on gaps.client_id = absence.client_id
    and gaps.refreshed_on = absence.refreshed_on
    and gaps.referring_domain = absence.referring_domain
