{{ config(
    materialized='incremental',
    incremental_strategy='append',
    schema='history',
    pre_hook="{{ delete_other_meanings() }}",
) }}

with texts as (

    select
        client_id,
        text_key,
        any_value(words) as words
    from {{ ref('int_link_texts') }}
    group by all

)

select
    texts.client_id,
    texts.text_key,
    meaning_model() as model,
    meaning_of(texts.words) as meaning
from texts
{% if is_incremental() %}
anti join {{ this }} as known
    on texts.client_id = known.client_id
    and texts.text_key = known.text_key
{% endif %}
