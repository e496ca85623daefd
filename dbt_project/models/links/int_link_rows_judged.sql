with link_rows as (

    select * from {{ ref('int_link_rows') }}

),

hosts as (

    select * from {{ ref('int_hosts') }}

),

targets as (

    select * from {{ ref('int_targets') }}

),

file_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

panel_pages as (

    select * from {{ ref('int_panel_pages') }}

),

disavowed_pages as (

    select
        client_id,
        refreshed_on,
        page_key
    from {{ ref('int_disavowed') }}
    where page_key is not null

),

domain_verdicts as (

    select * from {{ ref('int_domain_verdicts') }}

),

link_verdicts as (

    select * from {{ ref('int_link_verdicts') }}

),

attributed as (

    select
        link_rows.*,
        hosts.referring_domain,
        case when link_rows.is_untargeted then link_rows.file_site else targets.site end as site,
        case when link_rows.is_untargeted then file_sites.is_own_site else targets.is_own_site end as is_own_site,
        link_rows.rule_bits % 8 = 0
        and (
            not coalesce(hosts.is_possible, false)
            or (not link_rows.is_untargeted and coalesce(link_rows.target_host, '') = '')
        ) as hit_invalid_host,
        hosts.is_ip as hit_ip_host,
        link_rows.rule_bits % 8 = 0
        and not link_rows.is_untargeted
        and not coalesce(targets.is_inside_file_site, false) as hit_wrong_site,
        panel_pages.source_host is not null as hit_panel_site,
        disavowed_pages.page_key is not null as hit_disavowed_page
    from link_rows
    left join hosts
        on link_rows.source_host = hosts.host
    left join targets
        on link_rows.client_id = targets.client_id
        and link_rows.refreshed_on = targets.refreshed_on
        and link_rows.file_site = targets.file_site
        and link_rows.target_host = targets.target_host
        and link_rows.target_path = targets.target_path
    left join file_sites
        on link_rows.client_id = file_sites.client_id
        and link_rows.refreshed_on = file_sites.refreshed_on
        and link_rows.file_site = file_sites.site
    left join panel_pages
        on link_rows.client_id = panel_pages.client_id
        and link_rows.refreshed_on = panel_pages.refreshed_on
        and link_rows.source_host = panel_pages.source_host
        and link_rows.source_path = panel_pages.source_path
    left join disavowed_pages
        on link_rows.client_id = disavowed_pages.client_id
        and link_rows.refreshed_on = disavowed_pages.refreshed_on
        and link_rows.page_key = disavowed_pages.page_key

),

judged as (

    select
        attributed.*,
        -- what a row raises about its domain counts through the domain's verdict alone
        (
            (
                attributed.rule_bits
                | {{ packed_hits(['invalid_host', 'ip_host', 'wrong_site', 'panel_site', 'disavowed_page']) }}
            )
            & ~{{ rules_with(scope='domain') }}
        )
        | coalesce(link_verdicts.rule_bits, 0)
        | coalesce(domain_verdicts.rule_bits, 0) as all_rule_bits
    from attributed
    left join link_verdicts
        on attributed.client_id = link_verdicts.client_id
        and attributed.refreshed_on = link_verdicts.refreshed_on
        and attributed.page_key = link_verdicts.page_key
        and attributed.target_key = link_verdicts.target_key
    left join domain_verdicts
        on attributed.client_id = domain_verdicts.client_id
        and attributed.refreshed_on = domain_verdicts.refreshed_on
        and attributed.referring_domain = domain_verdicts.referring_domain

)

select
    client_id,
    refreshed_on,
    file_number,
    row_number,
    provider_rank,
    file_site,
    evidence_role,
    page_language,
    page_key,
    target_key,
    referring_domain,
    site,
    is_own_site,
    quote_key,
    live_key,
    {% for metric in domain_metrics() + page_metrics() %}
    {{ metric }},
    {% endfor %}
    domain_traffic,
    {{ rules_that_hold('all_rule_bits') }} as rule_bits,
    {{ rules_that_hold('all_rule_bits') }} & {{ rules_with(outcome='reject') }} = 0 as is_accepted,
    -- what the rules alone say, before people had their word
    all_rule_bits & ~{{ rules_with(families=['people']) }} as ruled_bits,
    is_untargeted,
    is_check,
    is_page_gone,
    is_linked,
    rel_bits,
    is_in_content,
    is_sitewide,
    has_text,
    first_seen_on,
    last_seen_on,
    {{ rules_that_hold('all_rule_bits') }} & {{ rules_with(outcome='reject', families=['garbage']) }} != 0 as is_no_link
from judged
