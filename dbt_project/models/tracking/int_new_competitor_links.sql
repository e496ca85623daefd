with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

links as (

    select * from {{ ref('int_links_classified') }}
    where is_live and not is_own_site

)

select
    links.client_id,
    links.refreshed_on,
    links.referring_domain,
    links.site,
    count(*) as links,
    min_by(
        links.source_url, (-date_diff('day', date '1990-01-01', links.first_seen_on), links.source_url)
    ) as source_url
from links
inner join refreshes
    on links.client_id = refreshes.client_id
    and links.refreshed_on = refreshes.refreshed_on
    and links.first_seen_on > refreshes.refreshed_before_on
where refreshes.is_in_run
group by all
