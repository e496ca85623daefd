{{ config(
    materialized='incremental',
    schema='history',
    pre_hook="{{ delete_other_meanings() }}",
    columns_when_new='client_id varchar, text_key uhugeint, model varchar, meaning tinyint[256]',
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
    anti join {{ this }} as known
        on asked.client_id = known.client_id
        and asked.text_key = known.text_key

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
