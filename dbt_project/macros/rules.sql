{#
    Quality rules as bits. A row carries the set of all rules that hit it as one number: bit n for `rule_id` n of the
    seed `quality_rules`. Sets of rows, links and domains are then `bit_or`, and a list of names is looked up once per
    distinct set (`int_rule_sets`).

    `LINKGAP_RULES=garbage` leaves out every rule that judges a link, to measure what judging costs (`make bench`).
#}

{# The rules of the seed that are in force, name → row, read at compile time so that a condition is tied to its number. #}
{% macro quality_rules_in_force() -%}
    {%- set rules = {} -%}
    {%- set quality_rules = ref('quality_rules') -%}
    {%- if execute -%}
        {%- set found = run_query(
            "select rule, rule_id, scope, outcome, family, threshold, is_trait_of_domain from " ~ quality_rules ~ " order by rule_id"
        ) -%}
        {%- for row in found if env_var('LINKGAP_RULES', 'all') == 'all' or row[4] in ('garbage', 'people') -%}
            {%- do rules.update({row[0]: {
                'bit': 2 ** (row[1] | int), 'scope': row[2], 'outcome': row[3], 'family': row[4],
                'threshold': row[5], 'is_trait_of_domain': row[6],
            }}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rules) }}
{%- endmacro %}

{# The bits of those of some rules that hit: of a rule `r` the boolean column `hit_r`, where null is no hit. #}
{% macro packed_hits(rules) -%}
    {%- set in_force = quality_rules_in_force() -%}
    cast(0
    {%- for rule in rules if rule in in_force %}
        + case when hit_{{ rule }} then {{ in_force[rule].bit }} else 0 end
    {%- endfor %}
    as bigint)
{%- endmacro %}

{# The bit of one rule as a number; 0 for a rule that is not in force. #}
{% macro rule_bit(rule) -%}
    {{ quality_rules_in_force().get(rule, {}).get('bit', 0) }}
{%- endmacro %}

{# The bits of all rules with the given outcome, scope, families or trait, as a number known at compile time. #}
{% macro rules_with(outcome=none, scope=none, families=none, is_trait_of_domain=none) -%}
    {%- set bits = namespace(sum=0) -%}
    {%- for rule in quality_rules_in_force().values() -%}
        {%- if (not outcome or rule.outcome == outcome) and (not scope or rule.scope == scope)
            and (not families or rule.family in families)
            and (not is_trait_of_domain or rule.is_trait_of_domain) -%}
            {%- set bits.sum = bits.sum + rule.bit -%}
        {%- endif -%}
    {%- endfor -%}
    cast({{ bits.sum }} as bigint)
{%- endmacro %}

{# Names of the rules that have a threshold, in force or not. #}
{% macro rules_with_threshold() -%}
    {%- set names = [] -%}
    {%- set quality_rules = ref('quality_rules') -%}
    {%- if execute -%}
        {%- for row in run_query("select rule from " ~ quality_rules ~ " where threshold is not null order by rule_id") -%}
            {%- do names.append(row[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}

{#
    Patterns of the seed `quality_patterns`: rule → one regular expression (RE2) of all that are searched for in a field,
    each in a group of its own, so that its `(?i)` ends with it.
    What is searched for in `text` is searched for in title and anchor alike.
#}
{% macro quality_patterns_of(field) -%}
    {%- set patterns = {} -%}
    {%- set quality_patterns = ref('quality_patterns') -%}
    {%- if execute -%}
        {%- set fields = "('" ~ field ~ "', 'text')" if field in ('title', 'anchor') else "('" ~ field ~ "')" -%}
        {%- set found = run_query(
            "select rule, string_agg('(?:' || pattern || ')', '|' order by pattern_id) from " ~ quality_patterns
            ~ " where field in " ~ fields ~ " group by rule order by min(pattern_id)"
        ) -%}
        {%- for row in found -%}
            {%- do patterns.update({row[0]: row[1] | replace("'", "''")}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(patterns) }}
{%- endmacro %}

{# Whether a text hits a named list of patterns; null counts as no. #}
{% macro hits_patterns(name, field, text) -%}
    coalesce(regexp_matches({{ text }}, '{{ quality_patterns_of(field).get(name, "^$a") }}'), false)
{%- endmacro %}

{#
    The bits of those of some patterns (`bit`, `pattern`) that hit a text. Most texts hit nothing: they are asked once, with
    all patterns in one expression, and only the others pattern by pattern.
#}
{% macro bits_of_patterns(patterns, text) -%}
    case
        when {{ text }} is null then cast(0 as bigint)
        when not regexp_matches({{ text }}, '{{ patterns | map(attribute="pattern") | join("|") }}') then cast(0 as bigint)
        else cast(0
            {%- for one in patterns %}
            + case when regexp_matches({{ text }}, '{{ one.pattern }}') then {{ one.bit }} else 0 end
            {%- endfor %}
            as bigint)
    end
{%- endmacro %}

{# The bits of all quality rules whose patterns hit a text. #}
{% macro pattern_bits(field, text) -%}
    {%- set rules = quality_rules_in_force() -%}
    {%- set patterns = [] -%}
    {%- for rule, pattern in quality_patterns_of(field).items() if rule in rules -%}
        {%- do patterns.append({'bit': rules[rule].bit, 'pattern': pattern}) -%}
    {%- endfor -%}
    {{ bits_of_patterns(patterns, text) if patterns else 'cast(0 as bigint)' }}
{%- endmacro %}

{# A text where a rule hits, else null: a part of the evidence. #}
{% macro evidence(rule, text, bits='all_rule_bits') -%}
    case when {{ bits }} & {{ rule_bit(rule) }} != 0 then {{ text }} end
{%- endmacro %}

{# The bits of the rules that look at a text. #}
{% macro text_rules() -%}
    {%- set bits = namespace(sum=0) -%}
    {%- set rules = quality_rules_in_force() -%}
    {%- set patterns = {} -%}
    {%- for field in ['title', 'anchor', 'url'] -%}
        {%- do patterns.update(quality_patterns_of(field)) -%}
    {%- endfor -%}
    {%- for rule in rules if rule in patterns or rule == 'worthless_comment' -%}
        {%- set bits.sum = bits.sum + rules[rule].bit -%}
    {%- endfor -%}
    cast({{ bits.sum }} as bigint)
{%- endmacro %}

{#
    The rules that hold after people had their say: what they accepted (outcome `pass`) is taken by no rule but those
    that say that there is no link at all.
#}
{% macro rules_that_hold(bits) -%}
    case
        when {{ bits }} & {{ rules_with(outcome='pass') }} = 0 then {{ bits }}
        else {{ bits }} & ~({{ rules_with(outcome='reject', families=['spam', 'comment', 'foreign']) }}
            | {{ rule_bit('blocked_domain') }}
            -- of two decisions the one about the page is the nearer
            | case when {{ bits }} & {{ rule_bit('accepted_page_by_people') }} != 0
                then {{ rule_bit('rejected_domain_by_people') }} else 0 end)
    end
{%- endmacro %}
