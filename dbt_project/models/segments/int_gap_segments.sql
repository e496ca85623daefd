with links as (

    select * from {{ ref('int_links_classified') }}
    where is_live and not is_own_site

),

counted as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        segment,
        count(*) as links,
        count(distinct site) as competitors_linked,
        count(*) filter (is_editorial) as editorial_links,
        sum(cast(round(segment_confidence * 100) as integer)) as vote
    from links
    group by all

)

select
    client_id,
    refreshed_on,
    referring_domain,
    segment,
    links,
    competitors_linked,
    editorial_links,
    vote,
    -- the weightiest segment stands for the domain; 'other' only where nothing else was found
    row_number() over (
        partition by client_id, refreshed_on, referring_domain
        order by segment = 'other', vote desc, links desc, segment
    ) = 1 as is_main
from counted
