{# Where people meet: two competitors and more are there, and the client is not. #}
{% set meeting_places = "('community', 'education_government', 'association')" %}

with opportunities as (

    select * from {{ ref('opportunities') }}
    where rank is not null and competitors_linked >= 2

),

gap_segments as (

    select * from {{ ref('int_gap_segments') }}
    where segment in {{ meeting_places }}

),

links as (

    select * from {{ ref('int_links_classified') }}
    where is_live and not is_own_site and segment in {{ meeting_places }}

),

examples as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        segment,
        (list_sort(list_distinct(list(source_url))))[1:3] as examples
    from links
    group by client_id, refreshed_on, referring_domain, segment

)

select
    gap_segments.client_id,
    gap_segments.refreshed_on,
    gap_segments.referring_domain,
    gap_segments.segment,
    gap_segments.competitors_linked,
    gap_segments.links,
    opportunities.absence,
    opportunities.authority,
    opportunities.relevance,
    opportunities.score,
    examples.examples
from gap_segments
inner join opportunities
    on gap_segments.client_id = opportunities.client_id
    and gap_segments.refreshed_on = opportunities.refreshed_on
    and gap_segments.referring_domain = opportunities.referring_domain
inner join examples
    on gap_segments.client_id = examples.client_id
    and gap_segments.refreshed_on = examples.refreshed_on
    and gap_segments.referring_domain = examples.referring_domain
    and gap_segments.segment = examples.segment
where gap_segments.competitors_linked >= 2
