with text_words as (

    select * from {{ ref('int_text_words') }}

),

niche_texts as (

    select * from {{ ref('int_niche_texts') }}
    -- titles have words of no subject (`best`, `free`), which would draw the meaning to every page that has them
    where len(words) > 0 and niche_kind != 'page_title'

),

meanings as (

    select * from {{ ref('int_text_meanings') }}

),

-- the niche: each term, the description, the keywords together, and all that the client says of it
facets as (

    select
        client_id,
        refreshed_on,
        false as is_whole,
        words
    from niche_texts
    where niche_kind != 'keyword'

    union all

    select
        client_id,
        refreshed_on,
        niche_kind != 'keyword' as is_whole,
        list_sort(list_distinct(flatten(list(words)))) as words
    from niche_texts
    group by client_id, refreshed_on, niche_kind != 'keyword'

),

facet_meanings as (

    select
        client_id,
        refreshed_on,
        is_whole,
        {{ as_numbers('meaning_of(words)') }} as meaning
    from facets

),

measured_facets as (

    select
        *,
        sqrt(array_inner_product(meaning, meaning)) * {{ meaning_length() }} as length
    from facet_meanings
    where meaning is not null

),

texts as (

    select
        client_id,
        refreshed_on,
        text_key
    from text_words

    union

    select
        client_id,
        refreshed_on,
        other_text_key as text_key
    from text_words

),

facet_nearness as (

    select
        texts.client_id,
        texts.refreshed_on,
        texts.text_key,
        facets.is_whole,
        array_inner_product({{ as_numbers('meanings.meaning') }}, facets.meaning) / facets.length as nearness
    from texts
    inner join meanings
        on texts.client_id = meanings.client_id
        and texts.text_key = meanings.text_key
    inner join measured_facets as facets
        on texts.client_id = facets.client_id
        and texts.refreshed_on = facets.refreshed_on
    where meanings.meaning is not null

),

-- half what is nearest, half the whole: a word that stands in one term alone is near to that one
nearness as (

    select
        client_id,
        refreshed_on,
        text_key,
        {{ share_of_nearness(
            '(max(nearness) filter (not is_whole) + max(nearness) filter (is_whole)) / 2'
        ) }} as nearness
    from facet_nearness
    group by client_id, refreshed_on, text_key

),

judged as (

    select
        text_words.client_id,
        text_words.refreshed_on,
        text_words.text_key,
        text_words.found_words,
        text_words.lexical,
        -- what the words found say is counted already, so the others are asked, too: a coffee table is near to coffee
        (nearness.nearness + coalesce(nearness_of_others.nearness, nearness.nearness)) / 2 as semantic
    from text_words
    left join nearness
        on text_words.client_id = nearness.client_id
        and text_words.refreshed_on = nearness.refreshed_on
        and text_words.text_key = nearness.text_key
    left join nearness as nearness_of_others
        on text_words.client_id = nearness_of_others.client_id
        and text_words.refreshed_on = nearness_of_others.refreshed_on
        and text_words.other_text_key = nearness_of_others.text_key

)

select
    client_id,
    refreshed_on,
    text_key,
    round(1 - (1 - lexical) * (1 - coalesce(semantic, 0)), 3) as relevance,
    case
        when len(found_words) = 0 then 'no word of the niche'
        else array_to_string(
            list_transform(
                found_words[:5],
                lambda found: found.word || coalesce(' (' || found.niche_word || ')', '')
            ),
            ', '
        )
    end
    || printf('; words %.2f, meaning ', lexical)
    || case when semantic is null then 'unknown' else printf('%.2f', semantic) end as relevance_evidence
from judged
