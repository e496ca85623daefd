{{ config(materialized='view') }}

select
    link_texts.client_id,
    link_texts.refreshed_on,
    link_texts.file_number,
    link_texts.row_number,
    text_relevance.relevance,
    text_relevance.relevance_evidence
from {{ ref('int_link_texts') }} as link_texts
inner join {{ ref('int_text_relevance') }} as text_relevance
    on link_texts.client_id = text_relevance.client_id
    and link_texts.refreshed_on = text_relevance.refreshed_on
    and link_texts.text_key = text_relevance.text_key
