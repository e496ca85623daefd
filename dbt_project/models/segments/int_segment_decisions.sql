{% set fields = segment_fields() %}

with links_quoted as (

    select * from {{ ref('int_links_quoted') }}

),

-- links on which the same rules hit are decided together
combinations as (

    select
        row_number() over () as combination,
        *
    from (
        select distinct {{ cue_columns() }}
        from links_quoted
    )

),

rules as (

    select
        *,
        row_number() over (partition by field order by rule_id) - 1 as position
    from {{ ref('segment_rules') }}

),

cues as (

    {% for field in fields %}
    select
        combination,
        '{{ field }}' as field,
        {{ field }}_cues as cues
    from combinations
    where {{ field }}_cues != 0
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- of the rules of a field that speak for the same segment the heaviest counts
hits as (

    select
        cues.combination,
        rules.segment,
        rules.field,
        rules.rule_id,
        rules.weight,
        rules.reason
    from cues
    inner join rules
        on cues.field = rules.field
    where (cues.cues >> rules.position) & 1 = 1
    qualify
        row_number() over (
            partition by cues.combination, rules.field, rules.segment
            order by rules.weight desc, rules.rule_id
        ) = 1

),

-- fields are independent witnesses: what n of them say is wrong only if all are, 1 - Π (1 - weight)
judged as (

    select
        combination,
        segment,
        round(1 - product(1 - weight / 100.0 order by rule_id), 3) as strength,
        arg_min(rule_id, -weight * 1000 + rule_id) as rule_id,
        string_agg(reason || ' (' || field || ')', '; ' order by weight desc, rule_id) as evidence
    from hits
    group by combination, segment

),

ranked as (

    select
        *,
        row_number() over (partition by combination order by strength desc, {{ segment_order('segment') }}) as place,
        coalesce(
            lead(strength) over (partition by combination order by strength desc, {{ segment_order('segment') }}), 0
        ) as next_strength
    from judged

)

select
    {% for field in fields %}
    combinations.{{ field }}_cues,
    {% endfor %}
    ranked.segment,
    ranked.rule_id,
    ranked.evidence,
    -- how strong, and how much stronger than what comes next
    round(ranked.strength * ranked.strength / (ranked.strength + ranked.next_strength), 2) as confidence
from combinations
inner join ranked
    on combinations.combination = ranked.combination
where ranked.place = 1 and ranked.strength >= {{ var('least_segment_strength') }}
