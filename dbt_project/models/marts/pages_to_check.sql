with opportunities as (

    select * from {{ ref('opportunities') }}
    where absence = 'unproven' and rank is not null

),

links as (

    select * from {{ ref('int_links_classified') }}
    where is_live and not is_own_site

),

checked_pages as (

    select distinct
        client_id,
        refreshed_on,
        page_key
    from {{ ref('int_link_rows_judged') }}
    where is_check and is_linked

),

-- of each domain the page that shows best how it links, else the first that nobody has looked at
pages as (

    select
        opportunities.client_id,
        opportunities.refreshed_on,
        opportunities.referring_domain,
        any_value(opportunities.rank) as rank,
        any_value(opportunities.score) as score,
        any_value(opportunities.competitors_linked) as competitors_linked,
        arg_min(links.source_url, (links.source_url != opportunities.best_source_url, links.source_url)) as source_url
    from opportunities
    inner join links
        on opportunities.client_id = links.client_id
        and opportunities.refreshed_on = links.refreshed_on
        and opportunities.referring_domain = links.referring_domain
    anti join checked_pages
        on links.client_id = checked_pages.client_id
        and links.refreshed_on = checked_pages.refreshed_on
        and links.page_key = checked_pages.page_key
    group by all

)

select
    client_id,
    refreshed_on,
    cast(row_number() over (partition by client_id, refreshed_on order by rank) as integer) as check_rank,
    source_url,
    referring_domain,
    score,
    competitors_linked
from pages
qualify row_number() over (partition by client_id, refreshed_on order by rank) <= {{ var('pages_to_check') }}
