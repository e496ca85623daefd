with links as (

    select * from {{ ref('int_links_merged') }}
    where is_accepted

),

delivered_rows as (

    select * from {{ ref('int_link_rows__unioned') }}
    where evidence_role != 'unconfirmed'

),

provider_sets as (

    select * from {{ ref('int_provider_sets') }}

),

rule_sets as (

    select * from {{ ref('int_rule_sets') }}

),

-- title and anchor of another row, where the quoted one has neither; read apart, for few links need it
texts as (

    select
        links.client_id,
        links.refreshed_on,
        links.page_key,
        links.target_key,
        delivered_rows.title,
        delivered_rows.anchor,
        delivered_rows.left_context,
        delivered_rows.right_context
    from {{ ref('int_link_rows__unioned') }} as delivered_rows
    inner join links
        on delivered_rows.client_id = links.client_id
        and delivered_rows.refreshed_on = links.refreshed_on
        and delivered_rows.file_number = links.text_file_number
        and delivered_rows.row_number = links.text_row_number

),

link_relevance as (

    select * from {{ ref('int_link_relevance') }}

),

page_decisions as (

    select * from {{ ref('int_decisions') }}
    where page_key is not null

),

domain_decisions as (

    select * from {{ ref('int_decisions') }}
    where decided_domain is not null

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

segment_rules as (

    select
        rule_id,
        field,
        segment,
        weight,
        reason,
        weight * 1000 + 999 - rule_id as segment_code
    from {{ ref('segment_rules') }}

),

quoted as (

    select
        links.client_id,
        links.refreshed_on,
        links.page_key,
        links.file_number,
        links.site,
        links.is_own_site,
        links.referring_domain,
        links.provider_bits,
        links.rule_bits,
        links.is_follow,
        links.is_live,
        links.is_stale,
        links.first_seen_on,
        links.last_seen_on,
        delivered_rows.file_id,
        delivered_rows.row_number,
        delivered_rows.source_url,
        delivered_rows.target_url,
        coalesce(delivered_rows.title, texts.title) as title,
        coalesce(delivered_rows.anchor, texts.anchor) as anchor,
        coalesce(delivered_rows.left_context, texts.left_context) as left_context,
        coalesce(delivered_rows.right_context, texts.right_context) as right_context,
        delivered_rows.page_type,
        delivered_rows.platform,
        links.is_in_content,
        coalesce(links.rel_bits & 1, 0) != 0 as is_nofollow,
        coalesce(links.rel_bits & 2, 0) != 0 as is_ugc,
        coalesce(links.rel_bits & 4, 0) != 0 as is_sponsored,
        links.is_sitewide,
        case
            when coalesce(links.rel_bits & 4, 0) != 0 then 'sponsored'
            when coalesce(links.rel_bits & 2, 0) != 0 then 'ugc'
        end as rel,
        {{ url_host(url_authority(url_after_scheme(url_without_fragment('delivered_rows.source_url')))) }}
            as referring_host_written
    from delivered_rows
    inner join links
        on delivered_rows.client_id = links.client_id
        and delivered_rows.refreshed_on = links.refreshed_on
        and delivered_rows.file_number = links.file_number
        and delivered_rows.row_number = links.row_number
    left join texts
        on links.client_id = texts.client_id
        and links.refreshed_on = texts.refreshed_on
        and links.page_key = texts.page_key
        and links.target_key = texts.target_key

),

coded as (

    select
        quoted.*,
        coalesce(unicode_hosts.punycode_host, quoted.referring_host_written) as referring_host,
        greatest(
            {{ segment_code('title', 'quoted.title') }},
            {{ segment_code('url', 'substr(quoted.source_url, 9)') }},
            {{ segment_code('host', 'quoted.referring_host_written') }},
            {{ segment_code('target', 'quoted.target_url') }},
            {{ segment_code('page_type', 'quoted.page_type') }},
            {{ segment_code('rel', 'quoted.rel') }}
        ) as segment_code,
        link_relevance.relevance,
        link_relevance.relevance_evidence,
        coalesce(page_decisions.segment, domain_decisions.segment) as decided_segment,
        coalesce(page_decisions.relevance, domain_decisions.relevance) as decided_relevance,
        case
            when page_decisions.relevance is not null then page_decisions.decision_evidence
            when domain_decisions.relevance is not null then domain_decisions.decision_evidence
        end as relevance_decision_evidence,
        case
            when page_decisions.segment is not null then page_decisions.decision_evidence
            else domain_decisions.decision_evidence
        end as decision_evidence
    from quoted
    left join link_relevance
        on quoted.client_id = link_relevance.client_id
        and quoted.refreshed_on = link_relevance.refreshed_on
        and quoted.file_number = link_relevance.file_number
        and quoted.row_number = link_relevance.row_number
    left join unicode_hosts
        on quoted.referring_host_written = unicode_hosts.host
    left join page_decisions
        on quoted.client_id = page_decisions.client_id
        and quoted.refreshed_on = page_decisions.refreshed_on
        and quoted.page_key = page_decisions.page_key
    left join domain_decisions
        on quoted.client_id = domain_decisions.client_id
        and quoted.refreshed_on = domain_decisions.refreshed_on
        and quoted.referring_domain = domain_decisions.decided_domain

)

select
    coded.client_id,
    coded.refreshed_on,
    coded.page_key,
    coded.file_number,
    coded.source_url,
    coded.target_url,
    coded.referring_domain,
    coded.referring_host,
    coded.site,
    coded.anchor,
    coded.title,
    case
        when regexp_matches(coded.source_url, '(?i)(#|/|\?)comment') then 'comment'
        when segment_rules.segment in ('resource_page', 'directory') then 'resource_list'
        when coded.is_ugc and coalesce(segment_rules.segment, 'other') != 'community' then 'comment'
        when contains(coded.source_url, '/author/') then 'author_bio'
        when coded.is_sitewide then 'footer'
        when coded.is_in_content then 'content'
        else 'unknown'
    end as placement,
    coalesce(coded.decided_segment, segment_rules.segment, 'other') as segment,
    case
        when coded.decided_segment is not null then 'overrides'
        when segment_rules.rule_id is not null then 'segment_rules:' || segment_rules.rule_id
    end as segment_rule,
    case
        when coded.decided_segment is not null then coded.decision_evidence
        else segment_rules.reason || ' (' || segment_rules.field || ')'
    end as segment_evidence,
    case when coded.decided_segment is not null then 1 else coalesce(segment_rules.weight, 0) / 100.0 end
        as segment_confidence,
    coalesce(coded.decided_relevance, coded.relevance) as relevance,
    coalesce(coded.relevance_decision_evidence, coded.relevance_evidence) as relevance_evidence,
    coalesce(rule_sets.review_reasons, cast([] as varchar[])) as review_reasons,
    provider_sets.providers,
    coded.file_id,
    coded.row_number,
    coded.is_own_site,
    coded.is_live,
    coded.is_follow,
    coded.is_nofollow,
    coded.is_ugc,
    coded.is_sponsored,
    coalesce(coded.is_sitewide, false) as is_sitewide,
    coalesce(
        coalesce(coded.decided_segment, segment_rules.segment) in (
            'editorial_mention', 'expert_feature', 'data_reference', 'review_comparison', 'tool_asset'
        )
        and not coded.is_ugc
        and not coded.is_sponsored
        and not coalesce(coded.is_sitewide, false),
        false
    ) as is_editorial,
    coded.is_stale,
    coded.first_seen_on,
    coded.last_seen_on
from coded
left join segment_rules
    on coded.segment_code = segment_rules.segment_code
left join rule_sets
    on coded.rule_bits = rule_sets.rule_bits
left join provider_sets
    on coded.provider_bits = provider_sets.provider_bits
