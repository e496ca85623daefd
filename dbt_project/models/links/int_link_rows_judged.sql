with link_rows as (

    select * from {{ ref('int_link_rows') }}

),

hosts as (

    select * from {{ ref('int_hosts') }}

),

targets as (

    select * from {{ ref('int_targets') }}

),

panel_pages as (

    select * from {{ ref('int_panel_pages') }}

),

domain_verdicts as (

    select * from {{ ref('int_domain_verdicts') }}

),

rule_sets as (

    select
        {{ rules_with(outcome='reject') }} as rejecting,
        {{ rules_with(scope='domain') }} as of_domains

),

attributed as (

    select
        link_rows.*,
        hosts.referring_domain,
        targets.site,
        targets.is_own_site,
        {{ rule_bits({
            'invalid_host': "link_rows.rule_bits % 8 = 0 and (not coalesce(hosts.is_possible, false)"
                ~ " or coalesce(link_rows.target_host, '') = '')",
            'ip_host': "coalesce(hosts.is_ip, false)",
            'wrong_site': "link_rows.rule_bits % 8 = 0 and not coalesce(targets.is_inside_file_site, false)",
            'panel_site': "panel_pages.source_host is not null",
        }) }} as rule_bits_of_hosts
    from link_rows
    left join hosts
        on link_rows.source_host = hosts.host
    left join targets
        on link_rows.client_id = targets.client_id
        and link_rows.refreshed_on = targets.refreshed_on
        and link_rows.file_site = targets.file_site
        and link_rows.target_host = targets.target_host
        and link_rows.target_path = targets.target_path
    left join panel_pages
        on link_rows.client_id = panel_pages.client_id
        and link_rows.refreshed_on = panel_pages.refreshed_on
        and link_rows.source_host = panel_pages.source_host
        and link_rows.source_path = panel_pages.source_path

),

judged as (

    select
        attributed.*,
        -- what a row raises about its domain counts through the domain's verdict alone, which a client's list may lift
        ((attributed.rule_bits + attributed.rule_bits_of_hosts) & ~rule_sets.of_domains)
        | coalesce(domain_verdicts.rule_bits, 0) as all_rule_bits,
        rule_sets.rejecting
    from attributed
    cross join rule_sets
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
    ahrefs_dr,
    semrush_page_as,
    domain_traffic,
    all_rule_bits as rule_bits,
    all_rule_bits & rejecting = 0 as is_accepted,
    is_follow,
    first_seen_on,
    last_seen_on
from judged
