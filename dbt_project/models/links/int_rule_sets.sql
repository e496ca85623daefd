with quality_rules as (

    select * from {{ ref('quality_rules') }}

),

rule_sets as (

    select distinct rule_bits
    from {{ ref('int_link_rows_judged') }}
    where rule_bits != 0

    union

    select distinct ruled_bits
    from {{ ref('int_link_rows_judged') }}
    where ruled_bits != 0 and rule_bits != ruled_bits

    union

    select distinct rule_bits
    from {{ ref('int_domain_rows_judged') }}
    where rule_bits != 0

    union

    -- rows of other kinds are set aside where they cannot be read (rule 0)
    select cast(1 as bigint) as rule_bits

)

select
    rule_sets.rule_bits,
    list(quality_rules.rule order by quality_rules.rule_id) filter (quality_rules.outcome = 'reject') as reject_reasons,
    list(quality_rules.rule order by quality_rules.rule_id) filter (quality_rules.outcome = 'review') as review_reasons,
    list(quality_rules.reason order by quality_rules.rule_id) filter (quality_rules.outcome = 'reject') as explanations
from rule_sets
inner join quality_rules
    on rule_sets.rule_bits & (cast(1 as bigint) << cast(quality_rules.rule_id as bigint)) != 0
group by rule_sets.rule_bits
