{{ config(materialized='view') }}

{# A provider's page-level staging model is added to this list and nowhere else. #}
{% set staging_models = ['stg_ahrefs__backlinks', 'stg_semrush__backlinks'] %}

with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}

),

delivered_rows as (

    {% for staging_model in staging_models %}
    select * from {{ ref(staging_model) }}
    {% if not loop.last %}union all by name{% endif %}
    {% endfor %}

)

select
    exports_in_effect.client_id,
    exports_in_effect.refreshed_on,
    exports_in_effect.file_number,
    exports_in_effect.provider_rank,
    exports_in_effect.site as file_site,
    exports_in_effect.evidence_role,
    delivered_rows.*
from delivered_rows
inner join exports_in_effect
    on delivered_rows.file_id = exports_in_effect.file_id
where exports_in_effect.export_kind = 'backlinks'
