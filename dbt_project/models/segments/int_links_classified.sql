with links_quoted as (

    select * from {{ ref('int_links_quoted') }}

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

link_relevance as (

    select * from {{ ref('int_link_relevance') }}

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

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
        links_quoted.*,
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
        coalesce(page_decisions.relevance, domain_decisions.relevance, link_relevance.relevance) as relevance,
        case
            when page_decisions.relevance is not null then page_decisions.decision_evidence
            when domain_decisions.relevance is not null then domain_decisions.decision_evidence
            else link_relevance.relevance_evidence
        end as relevance_evidence,
        coalesce(rule_sets.review_reasons, cast([] as varchar[])) as review_reasons,
        provider_sets.providers,
        {{ bears_name_of('links_quoted.referring_domain', 'panel_sites.site_host') }} as is_own_group
    from links_quoted
    inner join panel_sites
        on links_quoted.client_id = panel_sites.client_id
        and links_quoted.refreshed_on = panel_sites.refreshed_on
        and links_quoted.site = panel_sites.site
    left join link_relevance
        on links_quoted.client_id = link_relevance.client_id
        and links_quoted.refreshed_on = link_relevance.refreshed_on
        and links_quoted.file_number = link_relevance.file_number
        and links_quoted.row_number = link_relevance.row_number
    left join segment_decisions
        on {{ same_cues('links_quoted', 'segment_decisions') }}
    left join page_decisions
        on links_quoted.client_id = page_decisions.client_id
        and links_quoted.refreshed_on = page_decisions.refreshed_on
        and links_quoted.page_key = page_decisions.page_key
    left join domain_decisions
        on links_quoted.client_id = domain_decisions.client_id
        and links_quoted.refreshed_on = domain_decisions.refreshed_on
        and links_quoted.referring_domain = domain_decisions.decided_domain
    left join rule_sets
        on links_quoted.rule_bits = rule_sets.rule_bits
    left join provider_sets
        on links_quoted.provider_bits = provider_sets.provider_bits

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
    relevance_evidence,
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
    case
        when is_own_group then 'bears the name of ' || site || ': own group'
        when segment = 'partner' and placement = 'footer' then 'credit or link of a whole site'
        when segment = 'partner' then 'partner, customer or supplier'
    end as structural_reason,
    is_in_content,
    is_stale,
    first_seen_on,
    last_seen_on
from placed
