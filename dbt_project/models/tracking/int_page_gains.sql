{{ config(
    materialized='incremental',
    schema='history',
    pre_hook="{{ delete_slices_of_run() }}",
) }}

with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

positions as (

    select * from {{ ref('int_page_positions') }}
    where client_id in (select client_id from refreshes)

),

-- pages with a position in this refresh or the one before
pages as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        refreshes.refreshed_before_on,
        positions.page,
        arg_max(positions.site, (positions.refreshed_on, positions.site)) as site
    from refreshes
    inner join positions
        on refreshes.client_id = positions.client_id
        and positions.refreshed_on in (refreshes.refreshed_on, refreshes.refreshed_before_on)
    where refreshes.is_in_run
    group by all

),

links as (

    select * from {{ ref('int_links_merged') }}
    where is_accepted and is_live and referring_domain is not null

),

coverage as (

    select * from {{ ref('int_coverage') }}
    where export_kind = 'backlinks'

),

-- only a whole list of links that names the linked pages and when links were first seen shows that there is none
whole_lists as (

    select distinct
        client_id,
        refreshed_on,
        site
    from coverage
    where not is_truncated and provider != 'gsc'

),

first_seen as (

    select
        pages.client_id,
        pages.refreshed_on,
        pages.refreshed_before_on,
        pages.page,
        links.referring_domain,
        min(links.first_seen_on) as first_seen_on
    from pages
    inner join links
        on pages.client_id = links.client_id
        and pages.refreshed_on = links.refreshed_on
        and {{ url_key('pages.page') }} = links.target_key
    group by all

),

gained as (

    select
        client_id,
        refreshed_on,
        page,
        count(*) as referring_domains
    from first_seen
    where first_seen_on > refreshed_before_on
    group by all

)

select
    pages.client_id,
    pages.refreshed_on,
    pages.page,
    case
        when pages.refreshed_before_on is not null
            then coalesce(gained.referring_domains, case when whole_lists.site is not null then 0 end)
    end as gained_referring_domains
from pages
left join gained
    on pages.client_id = gained.client_id
    and pages.refreshed_on = gained.refreshed_on
    and pages.page = gained.page
left join whole_lists
    on pages.client_id = whole_lists.client_id
    and pages.refreshed_on = whole_lists.refreshed_on
    and pages.site = whole_lists.site
