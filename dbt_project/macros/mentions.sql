{#
    Names in texts. A name stands where neither side of it goes on with a letter, mark or digit, in Unicode; case makes no
    difference, accents do. Scripts that write no blanks between words have no such sides.
#}

{% macro scripts_without_blanks() -%}
    \p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}
{%- endmacro %}

{# A regular expression (RE2) that finds a name; its blanks match any. Group 1 is the name as the text writes it. #}
{% macro name_pattern(name) -%}
    (
        '(?i)'
        || case
            when
                regexp_matches({{ name }}, '^[\p{L}\p{N}]')
                and not regexp_matches({{ name }}, '^[{{ scripts_without_blanks() }}]')
                then '(?:^|[^\p{L}\p{M}\p{N}]|[{{ scripts_without_blanks() }}])'
            else ''
        end
        || '(' || replace(regexp_escape({{ name }}), '\ ', '[\s\p{Z}]+') || ')'
        || case
            when
                regexp_matches({{ name }}, '[\p{L}\p{M}\p{N}]$')
                and not regexp_matches({{ name }}, '[{{ scripts_without_blanks() }}]$')
                then '(?:$|[^\p{L}\p{M}\p{N}]|[{{ scripts_without_blanks() }}])'
            else ''
        end
    )
{%- endmacro %}

{# A text as names are looked for in it. #}
{% macro text_to_search(text) -%}
    nfc_normalize({{ text }})
{%- endmacro %}

{# The name as a text writes it, or null. #}
{% macro name_found(text, pattern) -%}
    nullif(regexp_extract({{ text }}, {{ pattern }}, 1), '')
{%- endmacro %}

{# A few words around a name. #}
{% macro words_around(text, pattern) -%}
    trim(regexp_replace(regexp_extract({{ text }}, '(?is).{0,80}(?:' || {{ pattern }} || ').{0,80}'), '\s+', ' ', 'g'))
{%- endmacro %}
