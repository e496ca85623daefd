with domain_rows as (

    select * from {{ ref('int_domain_rows') }}

),

hosts as (

    select * from {{ ref('int_hosts') }}

),

domain_verdicts as (

    select * from {{ ref('int_domain_verdicts') }}

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}
    where site_path = ''

),

panel_hosts as (

    select distinct
        domain_rows.client_id,
        domain_rows.refreshed_on,
        domain_rows.host
    from domain_rows
    inner join panel_sites
        on domain_rows.client_id = panel_sites.client_id
        and domain_rows.refreshed_on = panel_sites.refreshed_on
        and {{ is_inside_site('domain_rows.host', "''", 'panel_sites.site_host', 'panel_sites.site_path') }}

),

ruled as (

    select
        domain_rows.*,
        hosts.referring_domain,
        hosts.is_suffix,
        {{ rules_that_hold('domain_verdicts.rule_bits') }} as domain_rule_bits,
        domain_rows.unreadable is not null as hit_unreadable_row,
        domain_rows.unreadable is null
        and coalesce(trim(domain_rows.delivered_domain), '') = '' as hit_missing_url,
        domain_rows.unreadable is null
        and coalesce(trim(domain_rows.delivered_domain), '') != ''
        and not coalesce(hosts.is_possible or hosts.is_suffix, false) as hit_invalid_host,
        hosts.is_ip as hit_ip_host,
        panel_hosts.host is not null as hit_panel_site
    from domain_rows
    left join hosts
        on domain_rows.host = hosts.host
    left join domain_verdicts
        on domain_rows.client_id = domain_verdicts.client_id
        and domain_rows.refreshed_on = domain_verdicts.refreshed_on
        and hosts.referring_domain = domain_verdicts.referring_domain
    left join panel_hosts
        on domain_rows.client_id = panel_hosts.client_id
        and domain_rows.refreshed_on = panel_hosts.refreshed_on
        and domain_rows.host = panel_hosts.host

),

judged as (

    select
        * exclude (domain_rule_bits),
        coalesce(domain_rule_bits, 0)
        | {{ packed_hits(['unreadable_row', 'missing_url', 'invalid_host', 'ip_host', 'panel_site']) }} as rule_bits
    from ruled

)

select
    judged.* exclude (
        host, unreadable, hit_unreadable_row, hit_missing_url, hit_invalid_host, hit_ip_host, hit_panel_site
    ),
    judged.rule_bits & {{ rules_with(outcome='reject') }} = 0 as is_accepted
from judged
