{# Components of a score that are seen in exports, in the order of `priority_weights`. #}
{% macro fact_components() -%}
    {{ return(['authority', 'relevance', 'competitors', 'traffic', 'placement', 'editorial', 'freshness']) }}
{%- endmacro %}

{# … and all of them. #}
{% macro score_components() -%}
    {{ return(fact_components() + ['winnability']) }}
{%- endmacro %}

{% macro sum_of_points() -%}
    {% for component in score_components() %}points_{{ component }}{{ " + " if not loop.last }}{% endfor %}
{%- endmacro %}

{#
    What a link to a competitor says of a domain that links to many others, too: 1 up to a thousand of them, half at a
    million. The logarithm is how link prediction discounts neighbours that everybody has (L. Adamic and E. Adar, Friends
    and Neighbors on the Web, Social Networks 25, 2003).
#}
{% macro hub_discount(linked_domains) -%}
    (case
        when {{ linked_domains }} > pow(10, {{ var('hub_linked_domains_log10') }})
            then {{ var('hub_linked_domains_log10') }} / log10({{ linked_domains }})
        else 1
    end)
{%- endmacro %}

{# Points that a component can give: its share of all weights, out of 100. #}
{% macro share_of_points(component) -%}
    100.0 * sum(weight) filter (component = '{{ component }}') / nullif(sum(weight), 0)
{%- endmacro %}

{# The band an authority falls into, for counts by band: five of twenty points, and `unknown`. Sorts as text. #}
{% macro authority_band(authority) -%}
    case
        when {{ authority }} is null then 'unknown'
        when {{ authority }} < 20 then '00-19'
        when {{ authority }} < 40 then '20-39'
        when {{ authority }} < 60 then '40-59'
        when {{ authority }} < 80 then '60-79'
        else '80-100'
    end
{%- endmacro %}

{# What the chance of winning a link goes by, as a list of numbers (`pipelines/winning.py`). #}
{% macro win_traits() -%}
    [
        {{ assumed_chance('segment') }},
        {% for component in fact_components() %}share_{{ component }}, {% endfor %}
        {% for segment in value_lists()['segment'] -%}
        case when segment = '{{ segment }}' then 1.0 else 0.0 end{{ ", " if not loop.last }}
        {%- endfor %}
    ]
{%- endmacro %}

{# What is assumed of a segment, between 0 and 1. #}
{% macro assumed_chance(segment) -%}
    {%- set win_rates = ref('win_rates') -%}
    {%- if not execute -%}
        0.0
    {%- else -%}
        case {{ segment }}
        {%- for row in run_query("select segment, win_pct from " ~ win_rates ~ " order by 1") %}
            when '{{ row[0] }}' then {{ row[1] }} / 100.0
        {%- endfor %}
        end
    {%- endif -%}
{%- endmacro %}

{# True of an attempt that a chance can be learnt from: its outcome stands, and it is known what the gap was like. #}
{% macro is_outcome() -%}
    is_decided and segment is not null
{%- endmacro %}

{# True of a group of such attempts that is enough for it. #}
{% macro has_enough_outcomes(is_won) -%}
    count(*) >= {{ var('least_outcomes') }}
    and count(*) filter ({{ is_won }}) >= {{ var('least_outcomes_of_a_kind') }}
    and count(*) filter (not {{ is_won }}) >= {{ var('least_outcomes_of_a_kind') }}
{%- endmacro %}

{% macro tier_of(score) -%}
    case
        when {{ score }} >= {{ var('tier_a_score') }} then 'A'
        when {{ score }} >= {{ var('tier_b_score') }} then 'B'
        else 'C'
    end
{%- endmacro %}

{#
    Weights moved up or down all at once: 64 of the 256 ways, in which any two components meet in all four ways equally
    often (a fractional factorial design 2^(8-2) of resolution V: G. Box, J. Hunter and W. Hunter, Statistics for
    Experimenters, chapter 6). A component goes up where the bits of its mask are even in number.
#}
{% macro weight_movements() -%}
    64
{%- endmacro %}

{% macro sum_of_moved_points(movement) -%}
    {%- set masks = [1, 2, 4, 8, 16, 32, 15, 51] -%}
    {%- for component in score_components() -%}
        points_{{ component }} * case bit_count({{ movement }} & {{ masks[loop.index0] }}) % 2
            when 0 then {{ 1 + var('weights_moved') | float(0.2) }} else {{ 1 - var('weights_moved') | float(0.2) }}
        end{{ " + " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#
    Ends of the 95 % interval of a rate (E. Wilson, Probable Inference, 1927), in per cent; null where nothing was tried.
    `sign` is -1 or 1.
#}
{% macro rate_interval_pct(won, tried, sign) -%}
    round(
        100 * (
            {{ won }} + 1.96 * 1.96 / 2
            + {{ sign }} * 1.96 * sqrt({{ won }} * ({{ tried }} - {{ won }}) / nullif({{ tried }}, 0) + 1.96 * 1.96 / 4)
        ) / nullif({{ tried }} + 1.96 * 1.96, 0),
        1
    )
{%- endmacro %}
