with link_rows as (

    select * from {{ ref('int_link_rows_judged') }}
    where evidence_role = 'current' and not is_accepted

),

delivered_rows as (

    select * from {{ ref('int_link_rows__unioned') }}
    where evidence_role = 'current' and not is_of_many_sites

),

delivered_pages as (

    select * from {{ ref('int_link_rows__unioned') }}
    where evidence_role = 'current' and is_of_many_sites

),

files_of_many_sites as (

    select
        client_id,
        refreshed_on,
        file_number
    from {{ ref('int_exports_in_effect') }}
    where is_of_many_sites

),

judged_pages as (

    select link_rows_judged.*
    from {{ ref('int_link_rows_judged') }} as link_rows_judged
    inner join files_of_many_sites
        on link_rows_judged.client_id = files_of_many_sites.client_id
        and link_rows_judged.refreshed_on = files_of_many_sites.refreshed_on
        and link_rows_judged.file_number = files_of_many_sites.file_number

),

domain_rows as (

    select * from {{ ref('int_domain_rows_judged') }}
    where evidence_role = 'current' and not is_accepted

),

exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}

),

link_verdicts as (

    select * from {{ ref('int_link_verdicts') }}

),

domain_verdicts as (

    select * from {{ ref('int_domain_verdicts') }}

),

rule_sets as (

    select * from {{ ref('int_rule_sets') }}

),

rejected_links as (

    select
        link_rows.client_id,
        link_rows.refreshed_on,
        delivered_rows.file_id,
        delivered_rows.row_number,
        delivered_rows.file_site as site,
        delivered_rows.source_url,
        delivered_rows.target_url,
        link_rows.rule_bits,
        concat_ws(
            '; ',
            delivered_rows.unreadable,
            'linking domain ' || link_rows.referring_domain,
            'file of ' || link_rows.file_site,
            'target in ' || coalesce(link_rows.site, 'no site of the panel'),
            {{ evidence(
                'page_gone', "'status ' || cast(delivered_rows.http_status as integer)", 'link_rows.rule_bits'
            ) }},
            case
                when
                    link_rows.rule_bits & {{ rule_bit('many_outgoing_links') }} != 0
                    or link_rows.rule_bits & {{ rule_bit('worthless_comment') }} != 0
                    then cast(delivered_rows.external_links as bigint) || ' outgoing links on the page'
            end,
            case
                when link_rows.rule_bits & {{ text_rules() }} != 0
                    then concat_ws(
                        '; ', 'title "' || delivered_rows.title || '"', 'anchor "' || delivered_rows.anchor || '"'
                    )
            end,
            {{ evidence(
                'mirrored_page',
                "'the same path on ' || link_verdicts.mirror_domains || ' domains'",
                'link_verdicts.rule_bits'
            ) }},
            {{ evidence('toxic_score', "'toxic score ' || delivered_rows.toxic_score", 'link_rows.rule_bits') }},
            {{ evidence('spam_score', "'spam score ' || round(delivered_rows.spam_score)", 'link_rows.rule_bits') }},
            {{ evidence(
                'link_spam_score', "'spam score ' || round(delivered_rows.link_spam_score)", 'link_rows.rule_bits'
            ) }},
            domain_verdicts.domain_evidence
        ) as facts
    from delivered_rows
    inner join link_rows
        on delivered_rows.client_id = link_rows.client_id
        and delivered_rows.refreshed_on = link_rows.refreshed_on
        and delivered_rows.file_number = link_rows.file_number
        and delivered_rows.row_number = link_rows.row_number
    left join link_verdicts
        on link_rows.client_id = link_verdicts.client_id
        and link_rows.refreshed_on = link_verdicts.refreshed_on
        and link_rows.page_key = link_verdicts.page_key
        and link_rows.target_key = link_verdicts.target_key
    left join domain_verdicts
        on link_rows.client_id = domain_verdicts.client_id
        and link_rows.refreshed_on = domain_verdicts.refreshed_on
        and link_rows.referring_domain = domain_verdicts.referring_domain

),

-- a row of a file of many sites stands once, for none of them, where nothing in it is accepted
rejected_pages as (

    select
        judged_pages.client_id,
        judged_pages.refreshed_on,
        delivered_pages.file_id,
        delivered_pages.row_number,
        cast(null as varchar) as site,
        any_value(delivered_pages.source_url) as source_url,
        cast(null as varchar) as target_url,
        max(judged_pages.rule_bits) as rule_bits,
        any_value(concat_ws('; ', delivered_pages.unreadable, 'linking domain ' || judged_pages.referring_domain))
            as facts
    from delivered_pages
    inner join judged_pages
        on delivered_pages.client_id = judged_pages.client_id
        and delivered_pages.refreshed_on = judged_pages.refreshed_on
        and delivered_pages.file_number = judged_pages.file_number
        and delivered_pages.row_number = judged_pages.row_number
    group by judged_pages.client_id, judged_pages.refreshed_on, delivered_pages.file_id, delivered_pages.row_number
    having not bool_or(judged_pages.is_accepted)

),

-- a row of a file of many sites stands once, for none of them
rejected_domains as (

    select distinct
        domain_rows.client_id,
        domain_rows.refreshed_on,
        domain_rows.file_id,
        domain_rows.row_number,
        case when exports_in_effect.target_header = '' then domain_rows.site end as site,
        domain_rows.delivered_domain as source_url,
        cast(null as varchar) as target_url,
        domain_rows.rule_bits,
        concat_ws(
            '; ',
            'linking domain ' || coalesce(domain_rows.referring_domain, domain_rows.delivered_domain),
            domain_verdicts.domain_evidence
        ) as facts
    from domain_rows
    left join domain_verdicts
        on domain_rows.client_id = domain_verdicts.client_id
        and domain_rows.refreshed_on = domain_verdicts.refreshed_on
        and domain_rows.referring_domain = domain_verdicts.referring_domain
    inner join exports_in_effect
        on domain_rows.client_id = exports_in_effect.client_id
        and domain_rows.refreshed_on = exports_in_effect.refreshed_on
        and domain_rows.file_number = exports_in_effect.file_number

),

-- rows of kinds that no model of links or domains reads
unreadable_others as (

    select * from {{ source('landed', 'unreadable_others') }}

),

export_files as (

    select * from {{ ref('int_export_files') }}
    where outcome = 'accepted'

),

rejected_others as (

    select
        export_files.client_id,
        export_files.refreshed_on,
        unreadable_others.file_id,
        unreadable_others.row_number,
        export_files.site,
        cast(null as varchar) as source_url,
        cast(null as varchar) as target_url,
        cast(1 as bigint) as rule_bits,
        unreadable_others.unreadable as facts
    from unreadable_others
    inner join export_files
        on unreadable_others.file_id = export_files.file_id

),

rejected as (

    select * from rejected_links
    union all
    select * from rejected_pages
    union all
    select * from rejected_domains
    union all
    select * from rejected_others

)

select
    rejected.client_id,
    rejected.refreshed_on,
    rejected.file_id,
    rejected.row_number,
    rejected.site,
    rejected.source_url,
    rejected.target_url,
    rule_sets.reject_reasons[1] as reason,
    rule_sets.reject_reasons as reasons,
    concat_ws(': ', rule_sets.explanations[1], nullif(rejected.facts, '')) as evidence
from rejected
inner join rule_sets
    on rejected.rule_bits = rule_sets.rule_bits
