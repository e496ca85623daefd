with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

quality_rules as (

    select * from {{ ref('quality_rules') }}
    where threshold is not null

),

client_thresholds as (

    select * from {{ source('ledger', 'quality_thresholds') }}

),

thresholds as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        quality_rules.rule,
        cast(coalesce(client_thresholds.threshold, quality_rules.threshold) as double) as threshold
    from refreshes
    cross join quality_rules
    left join client_thresholds
        on refreshes.client_id = client_thresholds.client_id
        and refreshes.refreshed_on = client_thresholds.refreshed_on
        and quality_rules.rule = client_thresholds.rule

),

by_rule as (

    select
        client_id,
        {% for rule in rules_with_threshold() %}
        max(threshold) filter (rule = '{{ rule }}') as threshold_{{ rule }},
        {% endfor %}
        refreshed_on
    from thresholds
    group by client_id, refreshed_on

)

select
    by_rule.*,
    -- what is spam elsewhere is the niche of some clients
    {% for page_rule, name_rule in [
        ('adult_page', 'adult_name'),
        ('casino_page', 'casino_name'),
        ('pharma_page', 'pharma_name'),
        ('link_selling', 'link_selling_name'),
    ] %}
    {%- if not loop.first %}| {% endif -%}
    case
        when {{ hits_patterns(page_rule, 'niche', 'refreshes.niche_text') }}
            then cast({{ rule_bit(page_rule) }} + {{ rule_bit(name_rule) }} as bigint)
        else cast(0 as bigint)
    end
    {% endfor %} as niche_rule_bits
from by_rule
inner join refreshes
    on by_rule.client_id = refreshes.client_id
    and by_rule.refreshed_on = refreshes.refreshed_on
