with link_rows as (

    select
        client_id,
        refreshed_on,
        source_host,
        bit_or(rule_bits & {{ rules_with(scope='domain') }}) as rule_bits
    from {{ ref('int_link_rows') }}
    -- neither an export of the refresh before nor a row whose cells have shifted bears witness today
    where evidence_role != 'unconfirmed' and rule_bits % 2 = 0
    group by all

),

domain_rows as (

    select * from {{ ref('int_domain_rows') }}

),

hosts as (

    select * from {{ ref('int_hosts') }}

),

judged_domains as (

    select * from {{ source('ledger', 'judged_domains') }}

),

disavowed as (

    select
        client_id,
        refreshed_on,
        disavowed_domain
    from {{ ref('int_disavowed') }}
    where disavowed_domain is not null

),

domains as (

    select
        link_rows.client_id,
        link_rows.refreshed_on,
        hosts.referring_domain
    from link_rows
    inner join hosts
        on link_rows.source_host = hosts.host

    union

    select
        domain_rows.client_id,
        domain_rows.refreshed_on,
        hosts.referring_domain
    from domain_rows
    inner join hosts
        on domain_rows.host = hosts.host

),

-- rules of scope domain that one row raised take every row of the domain
raised_by_links as (

    select
        link_rows.client_id,
        link_rows.refreshed_on,
        hosts.referring_domain,
        bit_or(link_rows.rule_bits) as rule_bits
    from link_rows
    inner join hosts
        on link_rows.source_host = hosts.host
    where link_rows.rule_bits != 0
    group by all

),

raised_by_domain_rows as (

    select
        domain_rows.client_id,
        domain_rows.refreshed_on,
        hosts.referring_domain,
        {{ rule_bits({'provider_spam': "bool_or(domain_rows.is_provider_spam)"}) }} as rule_bits
    from domain_rows
    inner join hosts
        on domain_rows.host = hosts.host
    where domain_rows.evidence_role != 'unconfirmed' and domain_rows.unreadable is null
    group by all
    having bool_or(domain_rows.is_provider_spam)

),

raised as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        bit_or(rule_bits) as rule_bits
    from (
        select * from raised_by_links
        union all
        select * from raised_by_domain_rows
    ) as raised_by_any
    group by all

),

listed as (

    select
        domains.client_id,
        domains.refreshed_on,
        domains.referring_domain,
        bool_or(judged_domains.verdict = 'blocked') as is_blocked,
        bool_or(judged_domains.verdict = 'allowed') as is_allowed
    from domains
    inner join judged_domains
        on domains.client_id = judged_domains.client_id
        and domains.refreshed_on = judged_domains.refreshed_on
        and (
            domains.referring_domain = judged_domains.domain
            or ends_with(domains.referring_domain, '.' || judged_domains.domain)
        )
    group by all

)

select
    domains.client_id,
    domains.refreshed_on,
    domains.referring_domain,
    case when coalesce(listed.is_allowed, false) then 0 else coalesce(raised.rule_bits, 0) end
    + {{ rule_bits({
        'blocked_domain': "coalesce(listed.is_blocked, false) and not coalesce(listed.is_allowed, false)",
        'disavowed': "disavowed.disavowed_domain is not null",
    }) }}
        as rule_bits,
    coalesce(listed.is_allowed, false) as is_allowed
from domains
left join raised
    on domains.client_id = raised.client_id
    and domains.refreshed_on = raised.refreshed_on
    and domains.referring_domain = raised.referring_domain
left join listed
    on domains.client_id = listed.client_id
    and domains.refreshed_on = listed.refreshed_on
    and domains.referring_domain = listed.referring_domain
left join disavowed
    on domains.client_id = disavowed.client_id
    and domains.refreshed_on = disavowed.refreshed_on
    and domains.referring_domain = disavowed.disavowed_domain
where
    raised.rule_bits is not null
    or listed.is_blocked
    or listed.is_allowed
    or disavowed.disavowed_domain is not null
