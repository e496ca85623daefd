{#
    Estimates of what nobody saw and of how long links last: formulas with their sources in `docs/estimates.md`.
    Each macro takes SQL expressions and gives one; counts go in as whole numbers, so that a result does not depend on
    the order in which rows were added up.
#}

{# The standard normal deviate of a two-sided interval of 95 %. #}
{% macro normal_deviate() -%}
    1.959963984540054
{%- endmacro %}

{#
    Of two lists of the same population: how many stand on neither. Chapman (1951), in the form that leaves out what
    was seen: N − seen = (n1 − m)(n2 − m) / (m + 1).
#}
{% macro chapman_unseen(first, second, both) -%}
    (cast({{ first }} - {{ both }} as double) * ({{ second }} - {{ both }}) / ({{ both }} + 1))
{%- endmacro %}

{# Variance of that estimate: Seber (1970). #}
{% macro chapman_variance(first, second, both) -%}
    (
        cast({{ first }} + 1 as double) * ({{ second }} + 1) * ({{ first }} - {{ both }}) * ({{ second }} - {{ both }})
        / (cast({{ both }} + 1 as double) * ({{ both }} + 1) * ({{ both }} + 2))
    )
{%- endmacro %}

{#
    What the unseen part is divided by for its lower bound and multiplied with for its upper one: it is taken as
    log-normal, so the lower bound never falls below what was seen. Burnham et al. (1987), Chao (1987).
#}
{% macro lognormal_factor(unseen, variance) -%}
    exp({{ normal_deviate() }} * sqrt(ln(1 + coalesce({{ variance }} / nullif({{ unseen }} * {{ unseen }}, 0), 0))))
{%- endmacro %}

{#
    A bound of a survival share by the log of its log: Kalbfleisch and Prentice (1980), with Greenwood's sum. Null at 0
    and 1, where that sum says nothing. `side` is 1 for the lower bound and -1 for the upper.
#}
{% macro survival_bound(survival, greenwood_sum, side) -%}
    case
        when {{ survival }} > 0 and {{ survival }} < 1
            then power(
                {{ survival }}, exp({{ side }} * {{ normal_deviate() }} * sqrt({{ greenwood_sum }}) / -ln({{ survival }}))
            )
    end
{%- endmacro %}
