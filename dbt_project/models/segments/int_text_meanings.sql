{{ config(
    materialized='incremental',
    incremental_strategy='append',
    schema='history',
    pre_hook="{{ delete_other_meanings() }}",
) }}

with asked as (

    select
        client_id,
        text_key,
        words
    from {{ ref('int_text_words') }}

    union all

    select
        client_id,
        other_text_key as text_key,
        other_words as words
    from {{ ref('int_text_words') }}
    where other_text_key != text_key

),

new_texts as (

    select asked.* from asked
    {% if is_incremental() %}
    anti join {{ this }} as known
        on asked.client_id = known.client_id
        and asked.text_key = known.text_key
    {% endif %}

),

texts as (

    select
        client_id,
        text_key,
        any_value(words) as words
    from new_texts
    group by all

)

select
    client_id,
    text_key,
    meaning_model() as model,
    meaning_of(words) as meaning
from texts
