{{ config(materialized='view') }}

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
        count(distinct site) filter (not is_own_site) as competitors_linked,
        list_sort(list_distinct(list(site) filter (not is_own_site))) as competitor_sites,
        list_sort(list_distinct(list(target_url) filter (not is_own_site))) as target_urls,
        -- of several links the row decides, so that every run shows the same one
        arg_min(
            struct_pack(source_url := source_url, title := title, anchor := anchor, segment := segment, placement := placement),
            cast(file_number as bigint) * 268435456 + row_number
        ) filter (not is_own_site) as shown
    from links
    group by client_id, refreshed_on, page_key, referring_domain
    having not bool_or(is_own_site)

)

select
    pages.client_id,
    pages.refreshed_on,
    pages.shown.source_url as source_url,
    pages.referring_domain,
    pages.competitor_sites,
    pages.target_urls,
    pages.shown.title as title,
    pages.shown.anchor as anchor,
    pages.shown.segment as segment,
    pages.shown.placement as placement,
    pages.competitors_linked,
    domain_metrics.authority
from pages
left join domain_metrics
    on pages.client_id = domain_metrics.client_id
    and pages.refreshed_on = domain_metrics.refreshed_on
    and pages.referring_domain = domain_metrics.referring_domain
