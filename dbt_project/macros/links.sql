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

{#
    Why a link is gone, in the words of `lost_links.reason`, out of a provider's own; null where they say nothing of it.
    Ahrefs' words are known from real files; Majestic's, and those of plain tables, are free text.
#}
{% macro lost_reason(words) -%}
    case
        when {{ words }} is null then null
        when regexp_matches({{ words }}, '(?i)link (was |is )?(not found|gone|missing)') then 'link_removed'
        when
            regexp_matches(
                {{ words }},
                '(?i)not ?found|page ?error|nx ?domain|\b(404|410|5[0-9][0-9])\b|server|dns|page (was |is )?(gone|removed|deleted|down)'
            )
            then 'page_gone'
        when regexp_matches({{ words }}, '(?i)redirect|\b30[1278]\b') then 'redirect'
        when regexp_matches({{ words }}, '(?i)no ?index|not ?index|canonical') then 'page_not_indexed'
        when regexp_matches({{ words }}, '(?i)too ?old|low ?value|disallow|robots|crawl') then 'not_crawled'
        when regexp_matches({{ words }}, '(?i)remove|delete|gone|missing') then 'link_removed'
    end
{%- endmacro %}

{#
    Whether a status code says that a page is broken for its visitors. 401, 403 and 429 say that a crawler was kept out.
#}
{% macro is_broken_status(http_status) -%}
    coalesce({{ http_status }} between 400 and 599 and {{ http_status }} not in (401, 403, 429), false)
{%- endmacro %}
