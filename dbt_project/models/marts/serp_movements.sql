with movements as (

    select
        *,
        {{ position_band('position_before') }} as position_band
    from {{ ref('int_page_movements') }}

),

gains as (

    select * from {{ ref('int_page_gains') }}

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

target_urls as (

    select
        client_id,
        refreshed_on,
        {{ url_after_scheme(url_without_fragment('target_url')) }} as url_rest
    from {{ source('ledger', 'target_pages') }}

),

target_authorities as (

    select
        *,
        {{ url_authority('url_rest') }} as authority
    from target_urls

),

target_pages as (

    select distinct
        client_id,
        refreshed_on,
        {{ url_host('authority') }} || {{ url_port('authority') }} || {{ url_tail('url_rest', 'authority') }} as page
    from target_authorities

),

-- a page counts once in a band, however many keywords it has there
pages_not_gained as (

    select
        movements.client_id,
        movements.refreshed_on,
        movements.position_band,
        movements.page,
        {{ exact_mean('movements.change') }} as change
    from movements
    inner join gains
        on movements.client_id = gains.client_id
        and movements.refreshed_on = gains.refreshed_on
        and movements.page = gains.page
    where gains.gained_referring_domains = 0 and movements.change is not null and movements.position_band is not null
    group by all

),

comparisons as (

    select
        client_id,
        refreshed_on,
        position_band,
        count(*) as comparison_pages,
        {{ exact_mean('change') }} as comparison_change
    from pages_not_gained
    group by all

)

select
    movements.client_id,
    movements.refreshed_on,
    movements.site,
    movements.page,
    movements.page_url,
    movements.keyword,
    movements.country,
    movements.device,
    movements.provider,
    movements.movement,
    movements.position_band,
    cast(movements.position_before as double) as position_before,
    cast(movements.position_now as double) as position_now,
    cast(movements.change as double) as change,
    cast(movements.traffic_before as double) as traffic_before,
    cast(movements.traffic_now as double) as traffic_now,
    cast(movements.search_volume as bigint) as search_volume,
    gains.gained_referring_domains,
    comparisons.comparison_pages,
    comparisons.comparison_change,
    coalesce(panel_sites.is_own_site, false) as is_own_site,
    target_pages.page is not null as is_target_page
from movements
left join gains
    on movements.client_id = gains.client_id
    and movements.refreshed_on = gains.refreshed_on
    and movements.page = gains.page
left join comparisons
    on movements.client_id = comparisons.client_id
    and movements.refreshed_on = comparisons.refreshed_on
    and movements.position_band = comparisons.position_band
left join panel_sites
    on movements.client_id = panel_sites.client_id
    and movements.refreshed_on = panel_sites.refreshed_on
    and movements.site = panel_sites.site
left join target_pages
    on movements.client_id = target_pages.client_id
    and movements.refreshed_on = target_pages.refreshed_on
    and movements.page = target_pages.page
