with link_rows as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        is_accepted,
        rule_bits & {{ rules_with(outcome='reject') }} as rule_bits
    from {{ ref('int_link_rows_judged') }}
    where evidence_role != 'unconfirmed' and referring_domain is not null

    union all

    select
        client_id,
        refreshed_on,
        referring_domain,
        is_accepted,
        rule_bits & {{ rules_with(outcome='reject') }} as rule_bits
    from {{ ref('int_domain_rows_judged') }}
    where evidence_role != 'unconfirmed' and referring_domain is not null

),

counted as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        rule_bits,
        is_accepted,
        count(*) as row_count
    from link_rows
    group by all

),

domains as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        sum(row_count) filter (not is_accepted) as rows_rejected,
        coalesce(sum(row_count) filter (is_accepted), 0) as rows_accepted
    from counted
    group by all
    having bool_or(not is_accepted)

),

reasons as (

    select
        counted.client_id,
        counted.refreshed_on,
        counted.referring_domain,
        quality_rules.rule,
        quality_rules.rule_id,
        sum(counted.row_count) as row_count
    from counted
    inner join {{ ref('quality_rules') }} as quality_rules
        on counted.rule_bits & (cast(1 as bigint) << cast(quality_rules.rule_id as bigint)) != 0
    group by all

),

reason_lists as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        list(rule order by row_count desc, rule_id) as reasons
    from reasons
    group by client_id, refreshed_on, referring_domain

),

domain_verdicts as (

    select * from {{ ref('int_domain_verdicts') }}

)

select
    domains.client_id,
    domains.refreshed_on,
    domains.referring_domain,
    reason_lists.reasons,
    nullif(domain_verdicts.domain_evidence, '') as evidence,
    cast(domains.rows_rejected as bigint) as rows_rejected,
    cast(domains.rows_accepted as bigint) as rows_accepted,
    domains.rows_accepted = 0 as is_wholly_rejected
from domains
inner join reason_lists
    on domains.client_id = reason_lists.client_id
    and domains.refreshed_on = reason_lists.refreshed_on
    and domains.referring_domain = reason_lists.referring_domain
left join domain_verdicts
    on domains.client_id = domain_verdicts.client_id
    and domains.refreshed_on = domain_verdicts.refreshed_on
    and domains.referring_domain = domain_verdicts.referring_domain
