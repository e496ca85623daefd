with links as (

    select * from {{ ref('int_links_classified') }}
    where is_live

),

-- the link to a competitor that shows best how the gap domain links: in content, editorial, followed, on topic, new
ranked as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        arg_min(
            struct_pack(
                source_url := source_url,
                target_url := target_url,
                target_key := target_key,
                anchor := anchor,
                title := title,
                segment := segment,
                placement := placement
            ),
            -- the row decides among equals, so that every run picks the same link
            (
                case placement when 'content' then 0 when 'resource_list' then 1 when 'unknown' then 2 else 3 end * 800
                + case when is_editorial then 0 else 400 end
                + case when is_follow then 0 else 200 end
                + cast(round(100 * (1 - coalesce(relevance, 0))) as bigint)
            ) * 17592186044416 + {{ row_place() }}
        ) filter (not is_own_site) as best_link,
        -- thousandths, and the row decides among equals
        max(cast(round(relevance * 1000) as bigint), {{ var('links_for_relevance') }}) filter (
            not is_own_site and relevance is not null
        ) as best_relevances,
        arg_min(
            struct_pack(source_url := source_url, relevance_evidence := relevance_evidence),
            (1000 - cast(round(relevance * 1000) as bigint)) * 17592186044416
            + {{ row_place() }}
        ) filter (not is_own_site and relevance is not null) as most_relevant_link,
        bool_or(is_editorial) filter (not is_own_site) as is_editorial,
        bool_or(structural_reason is null) filter (not is_own_site) as is_earnable,
        min(structural_reason) filter (not is_own_site) as structural_reason,
        max(first_seen_on) filter (not is_own_site) as newest_link_on,
        -- what the domain gives the client, for the grade of a closed gap
        bool_or(
            is_follow and (placement = 'content' or (placement = 'resource_list' and coalesce(is_in_content, false)))
        ) filter (is_own_site) as has_graded_a_link,
        bool_and(not is_follow) filter (is_own_site) as has_only_nofollow_links
    from links
    group by client_id, refreshed_on, referring_domain

)

select
    client_id,
    refreshed_on,
    referring_domain,
    best_link.source_url as best_source_url,
    best_link.target_url as best_target_url,
    best_link.target_key as best_target_key,
    best_link.anchor as best_anchor,
    best_link.title as best_title,
    best_link.placement as best_placement,
    round(list_sum(best_relevances) / len(best_relevances) / 1000, 3) as relevance,
    most_relevant_link.relevance_evidence,
    most_relevant_link.source_url as relevance_source_url,
    coalesce(is_editorial, false) as is_editorial,
    coalesce(is_earnable, true) as is_earnable,
    structural_reason,
    newest_link_on,
    case
        when has_graded_a_link then 'A'
        when has_only_nofollow_links then 'B'
        else 'C'
    end as client_link_grade
from ranked
