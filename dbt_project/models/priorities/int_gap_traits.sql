{{ config(
    materialized='incremental',
    schema='history',
    pre_hook="{{ delete_slices_of_run() }}",
) }}

select
    client_id,
    refreshed_on,
    referring_domain,
    {% for component in fact_components() %}
    share_{{ component }},
    {% endfor %}
    segment,
    tactic
from {{ ref('int_gap_facts') }}
