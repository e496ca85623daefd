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

judged as (

    select
        domain_rows.*,
        hosts.referring_domain,
        hosts.is_suffix,
        coalesce({{ rules_that_hold('domain_verdicts.rule_bits') }}, 0)
        | {{ rule_bits({
            'unreadable_row': "domain_rows.unreadable is not null",
            'missing_url': "domain_rows.unreadable is null and coalesce(trim(domain_rows.delivered_domain), '') = ''",
            'invalid_host': "domain_rows.unreadable is null and coalesce(trim(domain_rows.delivered_domain), '') != ''"
                ~ " and not coalesce(hosts.is_possible or hosts.is_suffix, false)",
            'ip_host': "coalesce(hosts.is_ip, false)",
            'panel_site': "panel_hosts.host is not null",
        }) }} as rule_bits
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

)

select
    judged.* exclude (host, unreadable),
    judged.rule_bits & {{ rules_with(outcome='reject') }} = 0 as is_accepted
from judged
