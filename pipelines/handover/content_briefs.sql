-- One row per competitor page of the latest refresh that is worth building again, in the order in which each opens the
-- most opportunities that those before it leave; `opened_so_far`, `score_so_far` and `pct_so_far` are running totals.
with latest as (

    select
        client_id,
        max(refreshed_on) as refreshed_on
    from marts.refreshes
    group by client_id

),

-- a page as its links are found by it: scheme and fragment make no difference, nor does the case of the host
assets as (

    select
        competitor_assets.*,
        regexp_replace(split_part(competitor_assets.target_url, '#', 1), '^(?i:https?)://', '') as address,
        lower(split_part(address, '/', 1)) || substr(address, length(split_part(address, '/', 1)) + 1) as page
    from marts.competitor_assets
    inner join latest
        on competitor_assets.client_id = latest.client_id
        and competitor_assets.refreshed_on = latest.refreshed_on
    where competitor_assets.cover_rank is not null

),

links as (

    select
        links.client_id,
        links.refreshed_on,
        links.site,
        links.referring_domain,
        links.anchor,
        regexp_replace(split_part(links.target_url, '#', 1), '^(?i:https?)://', '') as address,
        lower(split_part(address, '/', 1)) || substr(address, length(split_part(address, '/', 1)) + 1) as page
    from marts.links
    inner join latest
        on links.client_id = latest.client_id
        and links.refreshed_on = latest.refreshed_on
    where links.is_live and not links.is_own_site and trim(links.anchor) != ''

),

counted as (

    select
        assets.client_id,
        assets.refreshed_on,
        assets.target_url,
        links.anchor,
        count(distinct links.referring_domain) as domains
    from assets
    inner join links
        on assets.client_id = links.client_id
        and assets.refreshed_on = links.refreshed_on
        and assets.site = links.site
        and assets.page = links.page
    group by assets.client_id, assets.refreshed_on, assets.target_url, links.anchor

),

-- up to five anchors, each with the number of linking domains that use it
anchors as (

    select
        client_id,
        refreshed_on,
        target_url,
        array_to_string((list(anchor || ' (' || domains || ')' order by domains desc, anchor))[1:5], ' | ') as anchors
    from counted
    group by client_id, refreshed_on, target_url

)

select
    assets.cover_rank as build_rank,
    assets.content_type,
    assets.target_url as page_url,
    assets.page_title,
    assets.site as competitor_site,
    assets.gap_domains,
    assets.gap_score,
    assets.cover_gap_domains as newly_opened,
    assets.cover_gap_score as newly_opened_score,
    cast(sum(assets.cover_gap_domains) over running as bigint) as opened_so_far,
    round(sum(assets.cover_gap_score) over running, 1) as score_so_far,
    assets.cover_pct as pct_so_far,
    assets.is_broken,
    assets.is_outdated,
    assets.outdated_evidence,
    assets.content_type_evidence,
    array_to_string(assets.segments, ', ') as segments,
    anchors.anchors,
    assets.examples[1] as example_page_1,
    assets.examples[2] as example_page_2,
    assets.examples[3] as example_page_3,
    assets.client_id,
    assets.refreshed_on
from assets
left join anchors
    on assets.client_id = anchors.client_id
    and assets.refreshed_on = anchors.refreshed_on
    and assets.target_url = anchors.target_url
window running as (partition by assets.client_id order by assets.cover_rank)
order by assets.client_id, assets.cover_rank
