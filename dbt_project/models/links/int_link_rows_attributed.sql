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

)

select
    link_rows.client_id,
    link_rows.refreshed_on,
    link_rows.file_number,
    link_rows.row_number,
    link_rows.provider_rank,
    link_rows.file_site,
    link_rows.evidence_role,
    link_rows.page_language,
    link_rows.page_key,
    link_rows.target_key,
    hosts.referring_domain,
    targets.site,
    targets.is_own_site,
    link_rows.quote_key,
    link_rows.live_key,
    link_rows.ahrefs_dr,
    link_rows.semrush_page_as,
    link_rows.domain_traffic,
    link_rows.rule_bits
    + {{ rule_bits({
        'invalid_host': "link_rows.rule_bits % 8 = 0 and (not coalesce(hosts.is_possible, false)"
            ~ " or coalesce(link_rows.target_host, '') = '')",
        'ip_host': "coalesce(hosts.is_ip, false)",
        'wrong_site': "link_rows.rule_bits % 8 = 0 and not coalesce(targets.is_inside_file_site, false)",
        'panel_site': "panel_pages.source_host is not null",
    }) }} as rule_bits,
    link_rows.is_follow,
    link_rows.first_seen_on,
    link_rows.last_seen_on
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
