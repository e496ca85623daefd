{#
    Names in texts. A name stands where neither side of it goes on with a letter, mark or digit, in Unicode; case makes no
    difference, accents do. Scripts that write no blanks between words have no such sides.

    Names are data, so they are no constant patterns, and DuckDB builds any other pattern anew for each row: a text is split
    at the name instead, and only what stands beside it is matched, by patterns that are always the same.
#}

{# Whether a character goes on with a word. #}
{% macro is_of_word(character) -%}
    (
        regexp_matches({{ character }}, '[\p{L}\p{M}\p{N}]')
        and not regexp_matches({{ character }}, '[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]')
    )
{%- endmacro %}

{# A text as names are looked for in it: composed, with single blanks. #}
{% macro text_to_search(text) -%}
    regexp_replace(nfc_normalize({{ text }}), '[\s\p{Z}]+', ' ', 'g')
{%- endmacro %}

{# Which occurrence of a name, out of what is left and right of each, stands for itself; null for none. #}
{% macro standing_occurrence(parts, terms) -%}
    list_filter(
        range(1, len({{ parts }})),
        lambda number:
            not ({{ terms }}.has_left_side and {{ is_of_word("right(" ~ parts ~ "[number], 1)") }})
            and not ({{ terms }}.has_right_side and {{ is_of_word("left(" ~ parts ~ "[number + 1], 1)") }})
    )[1]
{%- endmacro %}

{# Where an occurrence begins in the text. #}
{% macro place_of_occurrence(parts, number, term) -%}
    (length(array_to_string({{ parts }}[1:{{ number }}], '')) + ({{ number }} - 1) * length({{ term }}) + 1)
{%- endmacro %}
