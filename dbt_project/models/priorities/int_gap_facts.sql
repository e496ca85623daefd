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
        domain_metrics.linked_domains,
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

shared as (

    select
        *,
        coalesce(authority, 0) / 100 as share_authority,
        coalesce(relevance, 0) as share_relevance,
        competitors_linked / competitors_in_panel * {{ hub_discount('linked_domains') }} as share_competitors,
        least(1, log10(1 + greatest(0, coalesce(traffic, 0))) / {{ var('traffic_log10_full') }}) as share_traffic,
        case best_placement
            when 'content' then 1
            when 'resource_list' then 0.8
            when 'author_bio' then 0.5
            when 'unknown' then 0.5
            else 0.2
        end as share_placement,
        case when is_editorial then 1 else 0 end as share_editorial,
        greatest(
            0,
            1 - coalesce(newest_link_age_days, {{ var('freshness_days') }})
            / cast({{ var('freshness_days') }} as double)
        ) as share_freshness,
        cast(
            case
                when
                    competitors_linked = competitors_in_panel
                    and competitors_in_panel > 1
                    and coalesce(authority, 0) <= {{ var('hub_authority') }}
                    then {{ var('hub_risk') }}
                else 0
            end as double
        ) as risk
    from facts

),

-- the first rule that fits, with the page that shows it
chosen as (

    select
        shared.client_id,
        shared.refreshed_on,
        shared.referring_domain,
        tactic_rules.tactic,
        tactic_rules.reason,
        case
            when tactic_rules.signal = 'mention' then ' (' || shared.mention_url || ')'
            when tactic_rules.signal = 'outdated'
                then ' (' || shared.best_target_url || ': ' || shared.outdated_evidence || ')'
            when
                shared.best_target_url is not null
                and tactic_rules.tactic in ('refresh_outdated', 'replicate_asset', 'build_content')
                then ' (' || shared.best_target_url || ')'
            else ''
        end as example
    from shared
    inner join tactic_rules
        on (tactic_rules.segment = 'any' or shared.segment = tactic_rules.segment)
        and (tactic_rules.content_type = 'any' or shared.content_type = tactic_rules.content_type)
        and case tactic_rules.signal
            when 'mention' then shared.mention_url is not null
            when 'broken' then shared.is_target_broken
            when 'outdated' then shared.outdated_evidence is not null
            when 'several' then shared.competitors_linked > 1
            else true
        end
    qualify
        row_number() over (
            partition by shared.client_id, shared.refreshed_on, shared.referring_domain
            order by tactic_rules.rule_id
        ) = 1

)

select
    shared.client_id,
    shared.refreshed_on,
    shared.referring_domain,
    shared.segment,
    case
        when decisions.tactic is not null then decisions.tactic
        when not shared.is_earnable then 'skip'
        else chosen.tactic
    end as tactic,
    shared.referring_domain || ' '
    || case
        when shared.is_earnable then chosen.reason || chosen.example
        else 'cannot be earned (' || shared.structural_reason || ')'
    end
    || ': ' || shared.competitors_linked || ' of '
    || shared.competitors_in_panel || ' competitors linked ('
    || array_to_string(shared.competitor_sites[1:3], ', ')
    || case when shared.competitors_linked > 3 then ' and others' else '' end || '), you are not.'
    || case when decisions.tactic is not null then ' Tactic ' || decisions.decision_evidence || '.' else '' end
        as tactic_reason,
    shared.best_source_url,
    shared.best_target_url,
    shared.best_anchor,
    shared.authority,
    shared.traffic,
    shared.linked_domains,
    shared.relevance,
    shared.relevance_evidence,
    shared.relevance_source_url,
    coalesce(shared.best_placement, 'unknown') as placement,
    shared.is_editorial,
    shared.is_earnable,
    {% for component in fact_components() %}
    cast(shared.share_{{ component }} as double) as share_{{ component }},
    {% endfor %}
    shared.risk
from shared
inner join chosen
    on shared.client_id = chosen.client_id
    and shared.refreshed_on = chosen.refreshed_on
    and shared.referring_domain = chosen.referring_domain
left join decisions
    on shared.client_id = decisions.client_id
    and shared.refreshed_on = decisions.refreshed_on
    and shared.referring_domain = decisions.decided_domain
