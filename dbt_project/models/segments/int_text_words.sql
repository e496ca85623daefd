with texts as (

    select
        client_id,
        refreshed_on,
        text_key,
        any_value(words) as words
    from {{ ref('int_link_texts') }}
    group by all

),

niche_texts as (

    select
        *,
        case niche_kind when 'description' then 2 when 'keyword' then 3 when 'page_title' then 4 else 1 end
            as kind_number
    from {{ ref('int_niche_texts') }}
    where len(words) > 0

),

unstemmed_niche_words as (

    select
        client_id,
        refreshed_on,
        kind_number,
        niche_text,
        unnest(words) as niche_word
    from niche_texts

),

niche_text_words as (

    select
        client_id,
        refreshed_on,
        kind_number,
        niche_text,
        {{ word_stem('niche_word') }} as niche_stem,
        min(niche_word) as niche_word
    from unstemmed_niche_words
    group by all

),

-- `run`, `running` and `runners` are one
niche_stems as (

    select
        client_id,
        refreshed_on,
        niche_stem,
        min(niche_word) as niche_word,
        -- titles have words of no subject (`best`, `free`): they count as a whole and not one by one
        bool_or(kind_number != 4) as is_of_breadth
    from niche_text_words
    group by all

),

text_words as (

    select
        client_id,
        refreshed_on,
        text_key,
        unnest(words) as word
    from texts

),

distinct_words as (

    select distinct
        client_id,
        refreshed_on,
        word
    from text_words

),

stemmed_words as (

    select
        *,
        {{ word_stem('word') }} as stem
    from distinct_words

),

same_words as (

    select
        stemmed_words.client_id,
        stemmed_words.refreshed_on,
        stemmed_words.word,
        niche_stems.niche_stem,
        100 as strength
    from stemmed_words
    inner join niche_stems
        on stemmed_words.client_id = niche_stems.client_id
        and stemmed_words.refreshed_on = niche_stems.refreshed_on
        and stemmed_words.stem = niche_stems.niche_stem

    union all

    -- words put together (`Marathontraining`), and long ones that differ in a letter or two between languages
    select
        stemmed_words.client_id,
        stemmed_words.refreshed_on,
        stemmed_words.word,
        niche_stems.niche_stem,
        {{ var('similar_word_pct') }} as strength
    from stemmed_words
    inner join niche_stems
        on stemmed_words.client_id = niche_stems.client_id
        and stemmed_words.refreshed_on = niche_stems.refreshed_on
        and stemmed_words.stem[:3] = niche_stems.niche_stem[:3]
    where
        stemmed_words.stem != niche_stems.niche_stem
        and (
            (length(niche_stems.niche_stem) >= 5 and starts_with(stemmed_words.stem, niche_stems.niche_stem))
            or (
                least(length(stemmed_words.stem), length(niche_stems.niche_stem)) >= 7
                and damerau_levenshtein(stemmed_words.stem, niche_stems.niche_stem)
                <= least(length(stemmed_words.stem), length(niche_stems.niche_stem)) // 5
            )
        )

    union all

    select
        stemmed_words.client_id,
        stemmed_words.refreshed_on,
        stemmed_words.word,
        niche_stems.niche_stem,
        {{ var('similar_word_pct') }} as strength
    from stemmed_words
    inner join niche_stems
        on stemmed_words.client_id = niche_stems.client_id
        and stemmed_words.refreshed_on = niche_stems.refreshed_on
        and stemmed_words.stem[-4:] = niche_stems.niche_stem[-4:]
    where
        length(niche_stems.niche_stem) >= 6
        and length(stemmed_words.stem) > length(niche_stems.niche_stem)
        and ends_with(stemmed_words.stem, niche_stems.niche_stem)

),

found_words as (

    select
        text_words.client_id,
        text_words.refreshed_on,
        text_words.text_key,
        same_words.niche_stem,
        max(same_words.strength) as strength,
        -- the word that fits best, the first of the alphabet among equals
        arg_min(
            text_words.word,
            struct_pack(misfit := 100 - same_words.strength, word := text_words.word)
        ) as word
    from text_words
    inner join same_words
        on text_words.client_id = same_words.client_id
        and text_words.refreshed_on = same_words.refreshed_on
        and text_words.word = same_words.word
    group by all

),

text_counts as (

    select
        client_id,
        refreshed_on,
        count(*) as texts
    from texts
    group by all

),

word_counts as (

    select
        client_id,
        refreshed_on,
        niche_stem,
        count(*) as texts
    from found_words
    group by all

),

-- rare words weigh more; in thousandths, because sums of whole numbers do not depend on their order
weighted_niche_words as (

    select
        niche_stems.client_id,
        niche_stems.refreshed_on,
        niche_stems.niche_stem,
        niche_stems.niche_word,
        niche_stems.is_of_breadth,
        cast(round(1000 * ln(1 + (text_counts.texts + 100) / (coalesce(word_counts.texts, 0) + 10.0))) as bigint)
            as weight
    from niche_stems
    inner join text_counts
        on niche_stems.client_id = text_counts.client_id
        and niche_stems.refreshed_on = text_counts.refreshed_on
    left join word_counts
        on niche_stems.client_id = word_counts.client_id
        and niche_stems.refreshed_on = word_counts.refreshed_on
        and niche_stems.niche_stem = word_counts.niche_stem

),

weighted_niche_texts as (

    select
        niche_text_words.client_id,
        niche_text_words.refreshed_on,
        niche_text_words.kind_number,
        niche_text_words.niche_text,
        sum(weighted_niche_words.weight) as weight
    from niche_text_words
    inner join weighted_niche_words
        on niche_text_words.client_id = weighted_niche_words.client_id
        and niche_text_words.refreshed_on = weighted_niche_words.refreshed_on
        and niche_text_words.niche_stem = weighted_niche_words.niche_stem
    group by all

),

weighted_niches as (

    select
        client_id,
        refreshed_on,
        cast(round(avg(weight)) as bigint) as weight
    from weighted_niche_words
    where is_of_breadth
    group by all

),

weighted_found_words as (

    select
        found_words.*,
        weighted_niche_words.niche_word,
        weighted_niche_words.is_of_breadth,
        weighted_niche_words.weight
    from found_words
    inner join weighted_niche_words
        on found_words.client_id = weighted_niche_words.client_id
        and found_words.refreshed_on = weighted_niche_words.refreshed_on
        and found_words.niche_stem = weighted_niche_words.niche_stem

),

found_niche_texts as (

    select
        weighted_found_words.client_id,
        weighted_found_words.refreshed_on,
        weighted_found_words.text_key,
        niche_text_words.kind_number,
        niche_text_words.niche_text,
        sum(weighted_found_words.weight * weighted_found_words.strength) as found_weight
    from weighted_found_words
    inner join niche_text_words
        on weighted_found_words.client_id = niche_text_words.client_id
        and weighted_found_words.refreshed_on = niche_text_words.refreshed_on
        and weighted_found_words.niche_stem = niche_text_words.niche_stem
    where niche_text_words.kind_number != 2
    group by all

),

-- share of a term or keyword that a text has; the best of each kind counts
shares as (

    select
        found.client_id,
        found.refreshed_on,
        found.text_key,
        max(found.found_weight / (100.0 * weighted.weight)) filter (found.kind_number = 1) as term_share,
        max(found.found_weight / (100.0 * weighted.weight)) filter (found.kind_number in (3, 4)) as keyword_share
    from found_niche_texts as found
    inner join weighted_niche_texts as weighted
        on found.client_id = weighted.client_id
        and found.refreshed_on = weighted.refreshed_on
        and found.kind_number = weighted.kind_number
        and found.niche_text = weighted.niche_text
    group by all

),

breadths as (

    select
        found.client_id,
        found.refreshed_on,
        found.text_key,
        -- `least` takes no notice of nulls
        least(
            1,
            coalesce(
                sum(found.weight * found.strength) filter (found.is_of_breadth)
                / (100.0 * {{ var('niche_words_for_all') }} * any_value(niches.weight)),
                0
            )
        ) as breadth,
        list(
            struct_pack(word := found.word, niche_word := case when found.strength < 100 then found.niche_word end)
            order by found.weight * found.strength desc, found.niche_stem
        ) as found_words
    from weighted_found_words as found
    left join weighted_niches as niches
        on found.client_id = niches.client_id
        and found.refreshed_on = niches.refreshed_on
    group by all

),

worded as (

    select
        texts.client_id,
        texts.refreshed_on,
        texts.text_key,
        texts.words,
        1 - (1 - {{ var('term_relevance') }} * pow(least(1, coalesce(shares.term_share, 0)), 3))
        * (1 - {{ var('keyword_relevance') }} * pow(least(1, coalesce(shares.keyword_share, 0)), 3))
        * (1 - {{ var('breadth_relevance') }} * pow(coalesce(breadths.breadth, 0), 2)) as lexical,
        coalesce(breadths.found_words, []) as found_words,
        case
            when breadths.found_words is null then texts.words
            else list_filter(
                texts.words,
                lambda word: not list_contains(list_transform(breadths.found_words, lambda found: found.word), word)
            )
        end as other_words
    from texts
    left join shares
        on texts.client_id = shares.client_id
        and texts.refreshed_on = shares.refreshed_on
        and texts.text_key = shares.text_key
    left join breadths
        on texts.client_id = breadths.client_id
        and texts.refreshed_on = breadths.refreshed_on
        and texts.text_key = breadths.text_key

)

select
    client_id,
    refreshed_on,
    text_key,
    case when len(found_words) = 0 then text_key else {{ text_key('other_words') }} end as other_text_key,
    words,
    other_words,
    found_words,
    lexical
from worded
