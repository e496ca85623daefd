with links as (

    select * from {{ ref('int_links_classified') }}
    where is_live

),

domain_metrics as (

    select * from {{ ref('int_domain_metrics') }}

),

pages as (

    select
        client_id,
        refreshed_on,
        page_key,
        referring_domain,
        count(*) as links
    from links
    group by client_id, refreshed_on, page_key, referring_domain
    having not bool_or(is_own_site)

),

page_links as (

    select
        links.*,
        pages.links as links_on_page
    from links
    inner join pages
        on links.client_id = pages.client_id
        and links.refreshed_on = pages.refreshed_on
        and links.page_key = pages.page_key
        and links.referring_domain = pages.referring_domain

),

-- nearly every page holds one link: only the others need lists and a choice
pages_of_one_link as (

    select
        client_id,
        refreshed_on,
        source_url,
        referring_domain,
        [site] as competitor_sites,
        [target_url] as target_urls,
        title,
        anchor,
        segment,
        placement
    from page_links
    where links_on_page = 1

),

pages_of_several_links as (

    select
        client_id,
        refreshed_on,
        page_key,
        referring_domain,
        list_sort(list_distinct(list(site))) as competitor_sites,
        list_sort(list_distinct(list(target_url))) as target_urls,
        -- of several links the row decides, so that every run shows the same one
        arg_min(
            struct_pack(
                source_url := source_url, title := title, anchor := anchor, segment := segment, placement := placement
            ),
            {{ row_place() }}
        ) as shown
    from page_links
    where links_on_page > 1
    group by client_id, refreshed_on, page_key, referring_domain

),

all_pages as (

    select * from pages_of_one_link

    union all

    select
        client_id,
        refreshed_on,
        shown.source_url as source_url,
        referring_domain,
        competitor_sites,
        target_urls,
        shown.title as title,
        shown.anchor as anchor,
        shown.segment as segment,
        shown.placement as placement
    from pages_of_several_links

)

select
    all_pages.client_id,
    all_pages.refreshed_on,
    all_pages.source_url,
    all_pages.referring_domain,
    all_pages.competitor_sites,
    all_pages.target_urls,
    all_pages.title,
    all_pages.anchor,
    all_pages.segment,
    all_pages.placement,
    cast(len(all_pages.competitor_sites) as bigint) as competitors_linked,
    domain_metrics.authority
from all_pages
left join domain_metrics
    on all_pages.client_id = domain_metrics.client_id
    and all_pages.refreshed_on = domain_metrics.refreshed_on
    and all_pages.referring_domain = domain_metrics.referring_domain
