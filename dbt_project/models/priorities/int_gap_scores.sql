with gaps as (

    select * from {{ ref('int_gaps') }}
    where gap_status = 'open'

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

domain_metrics as (

    select * from {{ ref('int_domain_metrics') }}

),

gap_links as (

    select * from {{ ref('int_gap_links') }}

),

main_segments as (

    select * from {{ ref('int_gap_segments') }}
    where is_main

),

decisions as (

    select * from {{ ref('int_decisions') }}
    where decided_domain is not null and tactic is not null

),

competitor_pages as (

    select * from {{ ref('int_competitor_pages') }}

),

mentions as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        min(source_url) as source_url
    from {{ ref('int_mentions') }}
    where mention_outcome = 'unlinked'
    group by client_id, refreshed_on, referring_domain

),

tactic_rules as (

    select * from {{ ref('tactic_rules') }}

),

weights as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        priority_weights.component,
        coalesce(client_weights.weight, priority_weights.weight) as weight
    from refreshes
    cross join {{ ref('priority_weights') }} as priority_weights
    left join {{ source('ledger', 'priority_weights') }} as client_weights
        on refreshes.client_id = client_weights.client_id
        and refreshes.refreshed_on = client_weights.refreshed_on
        and priority_weights.component = client_weights.component
    where refreshes.is_in_run

),

-- points that a component can give: its share of all weights, out of 100
full_points as (

    select
        client_id,
        refreshed_on,
        {{ share_of_points('authority') }} as authority,
        {{ share_of_points('relevance') }} as relevance,
        {{ share_of_points('competitors') }} as competitors,
        {{ share_of_points('traffic') }} as traffic,
        {{ share_of_points('placement') }} as placement,
        {{ share_of_points('editorial') }} as editorial,
        {{ share_of_points('freshness') }} as freshness
    from weights
    group by all

),

facts as (

    select
        gaps.client_id,
        gaps.refreshed_on,
        gaps.referring_domain,
        gaps.competitors_linked,
        gaps.competitor_sites,
        len(refreshes.competitors) as competitors_in_panel,
        coalesce(main_segments.segment, 'other') as segment,
        domain_metrics.authority,
        domain_metrics.traffic,
        gap_links.relevance,
        gap_links.relevance_evidence,
        gap_links.relevance_source_url,
        gap_links.best_placement,
        coalesce(gap_links.is_editorial, false) as is_editorial,
        -- a domain known from a list of domains alone shows no link that could be structural
        coalesce(gap_links.is_earnable, true) as is_earnable,
        gap_links.structural_reason,
        gap_links.best_source_url,
        gap_links.best_target_url,
        gap_links.best_anchor,
        competitor_pages.content_type,
        coalesce(competitor_pages.is_broken, false) as is_target_broken,
        competitor_pages.outdated_evidence,
        mentions.source_url as mention_url,
        date_diff('day', gap_links.newest_link_on, gaps.refreshed_on) as newest_link_age_days
    from gaps
    inner join refreshes
        on gaps.client_id = refreshes.client_id
        and gaps.refreshed_on = refreshes.refreshed_on
    left join domain_metrics
        on gaps.client_id = domain_metrics.client_id
        and gaps.refreshed_on = domain_metrics.refreshed_on
        and gaps.referring_domain = domain_metrics.referring_domain
    left join gap_links
        on gaps.client_id = gap_links.client_id
        and gaps.refreshed_on = gap_links.refreshed_on
        and gaps.referring_domain = gap_links.referring_domain
    left join competitor_pages
        on gap_links.client_id = competitor_pages.client_id
        and gap_links.refreshed_on = competitor_pages.refreshed_on
        and gap_links.best_target_key = competitor_pages.target_key
    left join mentions
        on gaps.client_id = mentions.client_id
        and gaps.refreshed_on = mentions.refreshed_on
        and gaps.referring_domain = mentions.referring_domain
    left join main_segments
        on gaps.client_id = main_segments.client_id
        and gaps.refreshed_on = main_segments.refreshed_on
        and gaps.referring_domain = main_segments.referring_domain

),

pointed as (

    select
        facts.*,
        round(full_points.authority * coalesce(facts.authority, 0) / 100, 2) as points_authority,
        round(full_points.relevance * coalesce(facts.relevance, 0), 2) as points_relevance,
        round(full_points.competitors * facts.competitors_linked / facts.competitors_in_panel, 2)
            as points_competitors,
        round(
            full_points.traffic
            * least(1, log10(1 + greatest(0, coalesce(facts.traffic, 0))) / {{ var('traffic_log10_full') }}),
            2
        ) as points_traffic,
        round(
            full_points.placement * case facts.best_placement
                when 'content' then 1
                when 'resource_list' then 0.8
                when 'author_bio' then 0.5
                when 'unknown' then 0.5
                else 0.2
            end,
            2
        ) as points_placement,
        round(full_points.editorial * case when facts.is_editorial then 1 else 0 end, 2) as points_editorial,
        round(
            full_points.freshness
            * greatest(
                0,
                1 - coalesce(facts.newest_link_age_days, {{ var('freshness_days') }})
                / cast({{ var('freshness_days') }} as double)
            ),
            2
        ) as points_freshness,
        cast(
            case
                when
                    facts.competitors_linked = facts.competitors_in_panel
                    and facts.competitors_in_panel > 1
                    and coalesce(facts.authority, 0) <= {{ var('hub_authority') }}
                    then {{ var('hub_risk') }}
                else 0
            end as double
        ) as risk
    from facts
    inner join full_points
        on facts.client_id = full_points.client_id
        and facts.refreshed_on = full_points.refreshed_on

),

-- the first rule that fits, with the page that shows it
chosen as (

    select
        pointed.client_id,
        pointed.refreshed_on,
        pointed.referring_domain,
        tactic_rules.tactic,
        tactic_rules.reason,
        case
            when tactic_rules.signal = 'mention' then ' (' || pointed.mention_url || ')'
            when tactic_rules.signal = 'outdated'
                then ' (' || pointed.best_target_url || ': ' || pointed.outdated_evidence || ')'
            when
                pointed.best_target_url is not null
                and tactic_rules.tactic in ('refresh_outdated', 'replicate_asset', 'build_content')
                then ' (' || pointed.best_target_url || ')'
            else ''
        end as example
    from pointed
    inner join tactic_rules
        on (tactic_rules.segment = 'any' or pointed.segment = tactic_rules.segment)
        and (tactic_rules.content_type = 'any' or pointed.content_type = tactic_rules.content_type)
        and case tactic_rules.signal
            when 'mention' then pointed.mention_url is not null
            when 'broken' then pointed.is_target_broken
            when 'outdated' then pointed.outdated_evidence is not null
            when 'several' then pointed.competitors_linked > 1
            else true
        end
    qualify
        row_number() over (
            partition by pointed.client_id, pointed.refreshed_on, pointed.referring_domain
            order by tactic_rules.rule_id
        ) = 1

)

select
    pointed.client_id,
    pointed.refreshed_on,
    pointed.referring_domain,
    pointed.segment,
    case
        when decisions.tactic is not null then decisions.tactic
        when not pointed.is_earnable then 'skip'
        else chosen.tactic
    end as tactic,
    pointed.referring_domain || ' '
    || case
        when pointed.is_earnable then chosen.reason || chosen.example
        else 'cannot be earned (' || pointed.structural_reason || ')'
    end
    || ': ' || pointed.competitors_linked || ' of '
    || pointed.competitors_in_panel || ' competitors linked ('
    || array_to_string(pointed.competitor_sites[1:3], ', ')
    || case when pointed.competitors_linked > 3 then ' and others' else '' end || '), you are not.'
    || case when decisions.tactic is not null then ' Tactic ' || decisions.decision_evidence || '.' else '' end
        as tactic_reason,
    pointed.best_source_url,
    pointed.best_target_url,
    pointed.best_anchor,
    pointed.authority,
    pointed.traffic,
    pointed.relevance,
    pointed.relevance_evidence,
    pointed.relevance_source_url,
    coalesce(pointed.best_placement, 'unknown') as placement,
    pointed.is_editorial,
    pointed.is_earnable,
    coalesce(pointed.points_authority, 0) as points_authority,
    coalesce(pointed.points_relevance, 0) as points_relevance,
    coalesce(pointed.points_competitors, 0) as points_competitors,
    coalesce(pointed.points_traffic, 0) as points_traffic,
    coalesce(pointed.points_placement, 0) as points_placement,
    coalesce(pointed.points_editorial, 0) as points_editorial,
    coalesce(pointed.points_freshness, 0) as points_freshness,
    pointed.risk,
    round(
        (
            coalesce(pointed.points_authority, 0) + coalesce(pointed.points_relevance, 0)
            + coalesce(pointed.points_competitors, 0) + coalesce(pointed.points_traffic, 0)
            + coalesce(pointed.points_placement, 0) + coalesce(pointed.points_editorial, 0)
            + coalesce(pointed.points_freshness, 0)
        ) * (1 - pointed.risk),
        1
    ) as score
from pointed
inner join chosen
    on pointed.client_id = chosen.client_id
    and pointed.refreshed_on = chosen.refreshed_on
    and pointed.referring_domain = chosen.referring_domain
left join decisions
    on pointed.client_id = decisions.client_id
    and pointed.refreshed_on = decisions.refreshed_on
    and pointed.referring_domain = decisions.decided_domain
