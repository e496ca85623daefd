{{ config(materialized='view') }}

with link_texts as (

    select * from {{ ref('int_link_texts') }}

),

segment_decisions as (

    select * from {{ ref('int_segment_decisions') }}

),

provider_sets as (

    select * from {{ ref('int_provider_sets') }}

),

rule_sets as (

    select * from {{ ref('int_rule_sets') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

page_decisions as (

    select * from {{ ref('int_decisions') }}
    where page_key is not null

),

domain_decisions as (

    select * from {{ ref('int_decisions') }}
    where decided_domain is not null

),

decided as (

    select
        link_texts.*,
        coalesce(page_decisions.segment, domain_decisions.segment, segment_decisions.segment, 'other') as segment,
        case
            when page_decisions.segment is not null or domain_decisions.segment is not null then 'overrides'
            when segment_decisions.rule_id is not null then 'segment_rules:' || segment_decisions.rule_id
        end as segment_rule,
        case
            when page_decisions.segment is not null then page_decisions.decision_evidence
            when domain_decisions.segment is not null then domain_decisions.decision_evidence
            else segment_decisions.evidence
        end as segment_evidence,
        case
            when page_decisions.segment is not null or domain_decisions.segment is not null then 1
            else coalesce(segment_decisions.confidence, 0)
        end as segment_confidence,
        coalesce(
            page_decisions.relevance,
            domain_decisions.relevance,
            case
                when len(refreshes.niche_terms) = 0 then null
                else least(
                    1.0,
                    len(list_filter(
                        refreshes.niche_terms,
                        lambda term: contains(
                            lower(concat_ws(
                                ' ',
                                link_texts.title,
                                link_texts.anchor,
                                link_texts.left_context,
                                link_texts.right_context
                            )),
                            term
                        )
                    )) / least(2.0, len(refreshes.niche_terms))
                )
            end
        ) as relevance,
        coalesce(rule_sets.review_reasons, cast([] as varchar[])) as review_reasons,
        provider_sets.providers
    from link_texts
    inner join refreshes
        on link_texts.client_id = refreshes.client_id
        and link_texts.refreshed_on = refreshes.refreshed_on
    left join segment_decisions
        on {{ same_cues('link_texts', 'segment_decisions') }}
    left join page_decisions
        on link_texts.client_id = page_decisions.client_id
        and link_texts.refreshed_on = page_decisions.refreshed_on
        and link_texts.page_key = page_decisions.page_key
    left join domain_decisions
        on link_texts.client_id = domain_decisions.client_id
        and link_texts.refreshed_on = domain_decisions.refreshed_on
        and link_texts.referring_domain = domain_decisions.decided_domain
    left join rule_sets
        on link_texts.rule_bits = rule_sets.rule_bits
    left join provider_sets
        on link_texts.provider_bits = provider_sets.provider_bits

),

placed as (

    select
        *,
        case
            -- a list is a list also where it is all there is on the page
            when coalesce(placement_told, 'content') = 'content' and segment in ('resource_page', 'directory')
                then 'resource_list'
            when placement_told is not null then placement_told
            when is_ugc and segment != 'community' then 'comment'
            when is_sitewide then 'footer'
            when is_in_content then 'content'
            else 'unknown'
        end as placement
    from decided

)

select
    client_id,
    refreshed_on,
    page_key,
    target_key,
    file_number,
    source_url,
    target_url,
    referring_domain,
    referring_host,
    site,
    anchor,
    title,
    placement,
    segment,
    segment_rule,
    segment_evidence,
    segment_confidence,
    relevance,
    review_reasons,
    providers,
    file_id,
    row_number,
    is_own_site,
    is_live,
    is_follow,
    is_nofollow,
    is_ugc,
    is_sponsored,
    is_sitewide,
    segment in ('editorial_mention', 'expert_feature', 'data_reference', 'review_comparison', 'tool_asset')
    and placement in ('content', 'resource_list', 'unknown')
    and not is_ugc
    and not is_sponsored
    and not is_sitewide as is_editorial,
    is_stale,
    first_seen_on,
    last_seen_on
from placed
