{#
    The attributes of a link as one small number: bit 0 nofollow, bit 1 ugc, bit 2 sponsored; null where the export says
    nothing of any of them.
#}
{% macro rel_bits(is_nofollow, is_ugc, is_sponsored) -%}
    case
        when coalesce({{ is_nofollow }}, {{ is_ugc }}, {{ is_sponsored }}) is not null
            then cast(
                case when {{ is_nofollow }} then 1 else 0 end
                + case when {{ is_ugc }} then 2 else 0 end
                + case when {{ is_sponsored }} then 4 else 0 end as utinyint
            )
    end
{%- endmacro %}

{# Neither nofollow nor ugc nor sponsored; a link of which nobody says anything counts as follow, like a plain one. #}
{% macro is_follow(rel_bits) -%}
    coalesce({{ rel_bits }} = 0, true)
{%- endmacro %}

{# What providers measure of a whole domain … #}
{% macro domain_metrics() -%}
    {{ return([
        'ahrefs_dr', 'semrush_as', 'moz_da', 'majestic_tf', 'majestic_cf', 'dataforseo_rank', 'generic_authority',
    ]) }}
{%- endmacro %}

{# … and of a page, which stands in where nobody measured the domain. #}
{% macro page_metrics() -%}
    {{ return(['semrush_page_as', 'majestic_page_tf']) }}
{%- endmacro %}

{# Ahrefs' type of a link; before 2022 one cell held several words ('Text, Nofollow'). Null where nothing is told. #}
{% macro ahrefs_link_type(words) -%}
    case
        when regexp_matches({{ words }}, '(?i)redirect') then 'redirect'
        when regexp_matches({{ words }}, '(?i)canonical') then 'canonical'
        when regexp_matches({{ words }}, '(?i)alternate') then 'alternate'
        when regexp_matches({{ words }}, '(?i)image') then 'image'
        when regexp_matches({{ words }}, '(?i)form') then 'form'
        when regexp_matches({{ words }}, '(?i)frame') then 'frame'
        when {{ words }} is not null then 'text'
    end
{%- endmacro %}

{#
    Links that a cell of a matrix tells of: empty is none; a text that is no number, such as the linking URL, is one at
    least.
#}
{% macro links_in_cell(cell) -%}
    coalesce({{ to_number(cell) }}, case when coalesce(trim({{ cell }}), '') = '' then 0 else 1 end)
{%- endmacro %}
