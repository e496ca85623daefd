{# What cannot be made again by somebody else. #}
{% set not_replicable = "('home', 'product')" %}
{% set steps = var('asset_cover_steps') | int(2) %}

with opportunities as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        score,
        competitors_linked
    from {{ ref('opportunities') }}
    where rank is not null

),

links as (

    select * from {{ ref('int_links_classified') }}
    where is_live and not is_own_site

),

pages as (

    select * from {{ ref('int_competitor_pages') }}

),

-- links of opportunities to pages, read once
opened_links as materialized (

    select
        links.client_id,
        links.refreshed_on,
        links.target_key,
        links.referring_domain,
        links.segment,
        links.source_url,
        opportunities.score,
        opportunities.competitors_linked
    from links
    inner join opportunities
        on links.client_id = opportunities.client_id
        and links.refreshed_on = opportunities.refreshed_on
        and links.referring_domain = opportunities.referring_domain
    where links.target_url is not null

),

-- which opportunities have a link to which page, and the link that shows it
openings as materialized (

    select
        client_id,
        refreshed_on,
        target_key,
        referring_domain,
        any_value(score) as score,
        any_value(competitors_linked) as competitors_linked,
        min(source_url) as source_url
    from opened_links
    group by client_id, refreshed_on, target_key, referring_domain

),

segments as (

    select
        client_id,
        refreshed_on,
        target_key,
        list(segment order by links desc, segment) as segments
    from (
        select
            client_id,
            refreshed_on,
            target_key,
            segment,
            count(*) as links
        from opened_links
        group by client_id, refreshed_on, target_key, segment
    ) as counted
    group by client_id, refreshed_on, target_key

),

assets as (

    select
        openings.client_id,
        openings.refreshed_on,
        openings.target_key,
        count(*) as gap_domains,
        sum(openings.score) as gap_score,
        avg(openings.competitors_linked) as competitors_linked,
        (list(openings.source_url order by openings.score desc, openings.referring_domain))[1:3] as examples
    from openings
    group by openings.client_id, openings.refreshed_on, openings.target_key

),

totals as (

    select
        client_id,
        refreshed_on,
        sum(score) as score
    from opportunities
    group by client_id, refreshed_on

),

-- greedy set cover: it opens at least 1 - 1/e of what the best set of as many pages opens (Nemhauser, Wolsey and
-- Fisher 1978)
left_0 as materialized (

    select
        openings.client_id,
        openings.refreshed_on,
        openings.target_key,
        pages.target_url,
        openings.referring_domain,
        openings.score
    from openings
    inner join pages
        on openings.client_id = pages.client_id
        and openings.refreshed_on = pages.refreshed_on
        and openings.target_key = pages.target_key
    where pages.content_type not in {{ not_replicable }} and openings.score > 0

),

{% for step in range(1, steps + 1) %}
chosen_{{ step }} as materialized (

    select
        client_id,
        refreshed_on,
        target_key,
        {{ step }} as cover_rank,
        count(*) as gap_domains,
        sum(score) as gap_score
    from left_{{ step - 1 }}
    group by client_id, refreshed_on, target_key
    qualify
        row_number() over (
            partition by client_id, refreshed_on
            order by round(sum(score), 3) desc, min(target_url)
        ) = 1

),

left_{{ step }} as materialized (

    select left_{{ step - 1 }}.*
    from left_{{ step - 1 }}
    anti join (
        select
            opened.client_id,
            opened.refreshed_on,
            opened.referring_domain
        from left_{{ step - 1 }} as opened
        inner join chosen_{{ step }} as chosen
            on opened.client_id = chosen.client_id
            and opened.refreshed_on = chosen.refreshed_on
            and opened.target_key = chosen.target_key
    ) as opened
        on left_{{ step - 1 }}.client_id = opened.client_id
        and left_{{ step - 1 }}.refreshed_on = opened.refreshed_on
        and left_{{ step - 1 }}.referring_domain = opened.referring_domain

),
{% endfor %}

cover as (

    {% for step in range(1, steps + 1) %}
    select * from chosen_{{ step }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    assets.client_id,
    assets.refreshed_on,
    pages.site,
    pages.target_url,
    pages.page_title,
    pages.content_type,
    pages.content_type_evidence,
    assets.gap_domains,
    round(assets.gap_score, 1) as gap_score,
    round(assets.competitors_linked, 1) as competitors_linked,
    segments.segments,
    cast(cover.cover_rank as integer) as cover_rank,
    cover.gap_domains as cover_gap_domains,
    round(cover.gap_score, 1) as cover_gap_score,
    round(
        100 * sum(cover.gap_score) over (
            partition by assets.client_id, assets.refreshed_on
            order by coalesce(cover.cover_rank, {{ steps }} + 1)
        ) / totals.score,
        1
    ) * (case when cover.cover_rank is not null then 1 end) as cover_pct,
    pages.is_broken,
    pages.outdated_evidence is not null as is_outdated,
    pages.outdated_evidence,
    assets.examples
from assets
inner join pages
    on assets.client_id = pages.client_id
    and assets.refreshed_on = pages.refreshed_on
    and assets.target_key = pages.target_key
inner join totals
    on assets.client_id = totals.client_id
    and assets.refreshed_on = totals.refreshed_on
left join segments
    on assets.client_id = segments.client_id
    and assets.refreshed_on = segments.refreshed_on
    and assets.target_key = segments.target_key
left join cover
    on assets.client_id = cover.client_id
    and assets.refreshed_on = cover.refreshed_on
    and assets.target_key = cover.target_key
