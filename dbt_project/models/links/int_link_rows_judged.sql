with link_rows as (

    select * from {{ ref('int_link_rows_attributed') }}

),

domain_verdicts as (

    select * from {{ ref('int_domain_verdicts') }}

),

rule_sets as (

    select
        {{ rules_with(outcome='reject') }} as rejecting,
        {{ rules_with(scope='domain') }} as of_domains

)

select
    link_rows.* exclude (rule_bits),
    -- what a row raises about its domain counts through the domain's verdict alone, which the client's list may lift
    (link_rows.rule_bits & ~rule_sets.of_domains) | coalesce(domain_verdicts.rule_bits, 0) as rule_bits,
    ((link_rows.rule_bits & ~rule_sets.of_domains) | coalesce(domain_verdicts.rule_bits, 0)) & rule_sets.rejecting = 0
        as is_accepted
from link_rows
cross join rule_sets
left join domain_verdicts
    on link_rows.client_id = domain_verdicts.client_id
    and link_rows.refreshed_on = domain_verdicts.refreshed_on
    and link_rows.referring_domain = domain_verdicts.referring_domain
