{#
    What a text is about. Texts are taken apart into words in Unicode; where a language writes none apart (Chinese,
    Japanese, Thai …), each pair of letters stands for a word.
#}
{% macro letters_without_blanks() -%}
    '[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]'
{%- endmacro %}

{#
    The words of a text in order, lower case, between blanks of their own: ` trail  running `. What a client is called is
    written in the same form, letters and digits alone, and taken out: it tells whose page is linked and not what the
    linking one is about.
#}
{% macro spaced_words(text) -%}
    ' ' || array_to_string(regexp_extract_all(lower(nfc_normalize({{ text }})), '[\p{L}\p{M}\p{N}]+'), '  ') || ' '
{%- endmacro %}

{# The longer names first, so that nothing of one is left where a shorter one begins as it does. #}
{% macro brand_names(brand_terms) -%}
    list_reverse_sort(list_filter(
        list_transform({{ brand_terms }}, lambda brand_term: {{ spaced_words('brand_term') }}),
        lambda brand_name: trim(brand_name) != ''
    ))
{%- endmacro %}

{% macro without_names(words, names) -%}
    case
        when len(list_filter({{ names }}, lambda brand_name: contains({{ words }}, brand_name))) > 0
            then regexp_replace({{ words }}, array_to_string({{ names }}, '|'), '  ', 'g')
        else {{ words }}
    end
{%- endmacro %}

{# The distinct words of such a text in the order of the alphabet: however often a word is repeated, it counts once. #}
{% macro distinct_words(words) -%}
    {#- such a text begins with a blank, so that what is split off first is empty, and the first of the alphabet -#}
    list_sort(list_distinct(
        case
            when regexp_matches({{ words }}, {{ letters_without_blanks() }})
                then flatten(list_transform(
                    string_split({{ words }}, ' '),
                    lambda word: case
                        when length(word) > 2 and regexp_matches(word, {{ letters_without_blanks() }})
                            then list_transform(range(1, length(word)), lambda place: word[place:place + 1])
                        else [word]
                    end
                ))
            else string_split({{ words }}, ' ')
        end
    ))[2:]
{%- endmacro %}

{#
    What is left of a word for comparison: without accents, doubled letters and common endings, spelt by sound, so that
    `shoes` finds `shoe`, `maratón` finds `marathon` and `photovoltaïque` finds `Photovoltaik`. One rule for all
    languages, because titles are too short to tell theirs.
#}
{% macro word_stem(word) -%}
    regexp_replace(
        {{ word_by_sound(word) }},
        '^(.{3,}?)(?:ings?|ers?|ies|ie|ia|es|en|ns|nes|ne|na|as|os|s|e|n|a|o|i|u)$',
        '\1'
    )
{%- endmacro %}

{% macro word_by_sound(word) -%}
    {%- set spelt = namespace(sql="translate(strip_accents(" ~ word ~ "), 'łøßywx', 'losivs')") -%}
    {%- for letters, sound in [('ph', 'f'), ('th', 't')] -%}
        {%- set spelt.sql = "replace(" ~ spelt.sql ~ ", '" ~ letters ~ "', '" ~ sound ~ "')" -%}
    {%- endfor -%}
    {%- for letter in 'cfgklmnprst' -%}
        {%- set spelt.sql = "replace(" ~ spelt.sql ~ ", '" ~ letter ~ letter ~ "', '" ~ letter ~ "')" -%}
    {%- endfor -%}
    regexp_replace({{ spelt.sql }}, 'qu|ck|c([^eihj]|$)', 'k\1', 'g')
{%- endmacro %}

{# A name of a text that is the same in every refresh; texts of the same distinct words are one. #}
{% macro text_key(words) -%}
    md5_number(array_to_string({{ words }}, ' '))
{%- endmacro %}

{# 0 where a text is as near as unrelated ones are, 1 where it is all about the niche. #}
{% macro share_of_nearness(nearness) -%}
    greatest(
        0,
        least(
            1,
            ({{ nearness }} - {{ var('unrelated_nearness') }})
            / ({{ var('full_nearness') }} - {{ var('unrelated_nearness') }})
        )
    )
{%- endmacro %}

{# Length of the vector of a text whose words are all known whole: `LENGTH` in `pipelines/meaning.py`. #}
{% macro meaning_length() -%}
    127
{%- endmacro %}

{# A vector for calculation. Its numbers are whole and their products stay below 2^24: exact in any order. #}
{% macro as_numbers(meaning) -%}
    cast({{ meaning }} as float[256])
{%- endmacro %}

{# Vectors of another model cannot be compared with those of today's, and are made anew. #}
{% macro delete_other_meanings() -%}
    delete from {{ this }} where model is distinct from meaning_model()
{%- endmacro %}
