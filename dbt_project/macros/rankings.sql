{#
    Positions in search results: what a list of keywords covers, bands of positions, and the interval of a difference.
#}

{# The country that a provider's file name tells (`rival.com-organic.Positions-mobile-us-20260301-…`), or null. #}
{% macro country_in_path(path) -%}
    nullif(
        coalesce(
            nullif(regexp_extract({{ path }}, '-organic\.[A-Za-z]+-(?:mobile-|desktop-)?([a-z]{2})-[0-9]{8}', 1), ''),
            regexp_extract({{ path }}, '-organic-(?:keywords|positions)-[a-z]+-([a-z]{2})-', 1)
        ),
        ''
    )
{%- endmacro %}

{# The device that a provider's file name tells, or null; Semrush names the one that is not the usual, desktop. #}
{% macro device_in_path(path) -%}
    case
        when regexp_matches({{ path }}, '-organic\.[A-Za-z]+-mobile-[a-z]{2}-[0-9]{8}') then 'mobile'
        when regexp_matches({{ path }}, '-organic\.[A-Za-z]+-(desktop-)?[a-z]{2}-[0-9]{8}') then 'desktop'
    end
{%- endmacro %}

{# A country or device in lower case; `unknown` where nobody tells, so that keys have no holes. #}
{% macro place_or_unknown(place) -%}
    case lower(trim({{ place }}))
        when 'uk' then 'gb'
        when '' then 'unknown'
        else coalesce(lower(trim({{ place }})), 'unknown')
    end
{%- endmacro %}

{# Pages that start from about the same place. Means over several days or views are rounded first. Sorts as text. #}
{% macro position_band(position) -%}
    case
        when round({{ position }}) <= 3 then '01-03'
        when round({{ position }}) <= 10 then '04-10'
        when round({{ position }}) <= 20 then '11-20'
        when round({{ position }}) <= 50 then '21-50'
        when round({{ position }}) <= 100 then '51-100'
    end
{%- endmacro %}

{#
    The 97.5 % quantile of Student's t, from that of the normal distribution by the expansion of Cornish and Fisher
    (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5). From 5 degrees of freedom on it is within 0.001.
#}
{% macro t_quantile(degrees) -%}
    {%- set z = normal_deviate() | float -%}
    (
        {{ z }}
        + {{ (z**3 + z) / 4 }} / {{ degrees }}
        + {{ (5 * z**5 + 16 * z**3 + 3 * z) / 96 }} / power({{ degrees }}, 2)
        + {{ (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384 }} / power({{ degrees }}, 3)
        + {{ (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160 }} / power({{ degrees }}, 4)
    )
{%- endmacro %}

{# A mean that does not depend on the order of its rows: of numbers with six digits behind the point. #}
{% macro exact_mean(value) -%}
    round(cast(sum(cast({{ value }} as decimal(18, 6))) as double) / nullif(count({{ value }}), 0), 6)
{%- endmacro %}

{# A provider's staging model of keywords with pages and positions is added to this list and nowhere else. #}
{% macro keyword_models() -%}
    {{ return([
        'stg_ahrefs__organic_keywords',
        'stg_generic__keywords',
        'stg_gsc__queries',
        'stg_moz__ranking_keywords',
        'stg_semrush__organic_positions',
    ]) }}
{%- endmacro %}
