{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_slices_of_run() }}",
) }}

select
    client_id,
    refreshed_on,
    referring_domain,
    segment,
    tactic,
    {% for component in fact_components() %}
    share_{{ component }}{{ "," if not loop.last }}
    {% endfor %}
from {{ ref('int_gap_facts') }}
