{#
    Segment rules as SQL. What a rule looks at is prepared the same way for all: lower case, without accents, so that words
    are written once and word boundaries hold in every Latin alphabet. Each field is asked once whether any of its rules
    can hit; only texts that say yes are asked rule by rule. What hits is kept as bits, one integer a field, the n-th bit
    for the n-th rule of the field by its number: so each combination of hits is decided once, not each link.
#}

{# Fields that rules look at. A field has at most 62 rules. #}
{% macro segment_fields() -%}
    {{ return(['title', 'headline', 'url', 'host', 'target', 'anchor', 'context', 'page_type', 'platform', 'rel']) }}
{%- endmacro %}

{# Text as the rules see it. Polish ł is no letter with an accent. #}
{% macro rule_text(text) -%}
    replace(lower(strip_accents({{ text }})), 'ł', 'l')
{%- endmacro %}

{# A URL, or a part of it, with its percent-encoding undone where that gives text. #}
{% macro readable_url(url) -%}
    case when contains({{ url }}, '%') then coalesce(try(url_decode({{ url }})), {{ url }}) else {{ url }} end
{%- endmacro %}

{# The words of a part of a path: `10-trail_shoes.html` → `10 trail shoes`. #}
{% macro words_of_path(path) -%}
    regexp_replace(regexp_replace({{ path }}, '\.(html?|php|aspx?|jsp)$', ''), '[-_+/.%]+', ' ', 'g')
{%- endmacro %}

{# The title without the name of the site behind its last separator, where what is left still says something. #}
{% macro headline_of(title) -%}
    case
        when regexp_matches({{ title }}, '.{12,}( [|–—·•:»-]+ |\| ?)[^|–—·•»]{1,60}$')
            then regexp_replace({{ title }}, '( [|–—·•:»-]+ |\| ?)[^|–—·•»]{1,60}$', '')
        else {{ title }}
    end
{%- endmacro %}

{# Rules of a field as (bit, pattern, segment), by number. #}
{% macro segment_patterns(field) -%}
    {%- set patterns = [] -%}
    {%- set segment_rules = ref('segment_rules') -%}
    {%- if execute -%}
        {%- set found = run_query(
            "select pattern, segment from " ~ segment_rules ~ " where field = '" ~ field ~ "' order by rule_id"
        ) -%}
        {%- for row in found -%}
            {%- do patterns.append({
                'bit': 2 ** loop.index0, 'pattern': row[0] | replace("'", "''"), 'segment': row[1],
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(patterns) }}
{%- endmacro %}

{#
    Which rules of a field hit a text, as bits; 0 for none. Hardly a page is not worded like an article: those rules are
    always asked, the others only where one of them can hit.
#}
{% macro segment_cues(field, text) -%}
    {%- set patterns = segment_patterns(field) -%}
    {%- set rare = patterns | rejectattr('segment', 'equalto', 'editorial_mention') | list -%}
    {%- if not patterns -%}
        cast(0 as bigint)
    {%- else -%}
        cast(0
        {%- for rule in patterns if rule.segment == 'editorial_mention' %}
            + case when regexp_matches({{ text }}, '{{ rule.pattern }}') then {{ rule.bit }} else 0 end
        {%- endfor %}
        as bigint)
        + {{ bits_of_patterns(rare, text) }}
    {%- endif -%}
{%- endmacro %}

{# The columns that hold what the rules of each field hit. #}
{% macro cue_columns() -%}
    {%- for field in segment_fields() %}
            {{ field }}_cues{{ "," if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Whether two rows have the same rules hit. #}
{% macro same_cues(left, right) -%}
    {%- for field in segment_fields() -%}
        {{ left }}.{{ field }}_cues = {{ right }}.{{ field }}_cues{{ " and " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The placement that the first rule by number says, for texts by field; null where none does. #}
{% macro placement_told(texts) -%}
    {%- set placement_rules = ref('placement_rules') -%}
    {%- if not execute -%}
        cast(null as varchar)
    {%- else -%}
        case
        {%- for row in run_query("select field, pattern, placement from " ~ placement_rules ~ " order by rule_id") %}
            when regexp_matches({{ texts[row[0]] }}, '{{ row[1] | replace("'", "''") }}') then '{{ row[2] }}'
        {%- endfor %}
        end
    {%- endif -%}
{%- endmacro %}

{#
    Whether a domain bears the name of a site: `rival.de` and `rival-blog.com` that of `www.rival.com`. Labels that many hosts
    have name nobody.
#}
{% macro bears_name_of(domain, site_host) -%}
    coalesce(
        len(list_filter(
            string_split({{ site_host }}, '.'),
            lambda label: length(label) >= 5
            and label not in ('store', 'forum', 'support', 'media', 'online', 'group', 'global', 'health', 'travel')
            and (
                split_part({{ domain }}, '.', 1) = label
                or starts_with(split_part({{ domain }}, '.', 1), label || '-')
            )
        )) > 0,
        false
    )
{%- endmacro %}

{# A number by which segments of the same strength are put in order: the rarer says more. #}
{% macro segment_order(segment) -%}
    list_position(
        [
            'sponsored', 'guest_post', 'expert_feature', 'data_reference', 'review_comparison', 'tool_asset',
            'resource_page', 'community', 'association', 'education_government', 'partner', 'directory',
            'editorial_mention', 'other'
        ],
        {{ segment }}
    )
{%- endmacro %}
