{{ config(materialized='table') }}

{# A provider's staging model of links is added to this list and nowhere else … #}
{% set staging_models = [
    'stg_ahrefs__backlinks',
    'stg_ahrefs__broken_backlinks',
    'stg_ahrefs__page_intersect',
    'stg_dataforseo__backlinks',
    'stg_generic__backlinks',
    'stg_gsc__backlinks',
    'stg_majestic__backlinks',
    'stg_moz__backlinks',
    'stg_semrush__backlink_audit',
    'stg_semrush__backlinks',
    'stg_verified__checks',
] %}
{# … and to this one where its rows may name a linking page without the page it links to. #}
{% set without_targets = [
    'stg_ahrefs__page_intersect',
    'stg_generic__backlinks',
    'stg_gsc__backlinks',
    'stg_verified__checks',
] %}

with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}

),

delivered_rows as (

    {{ rows_of_staging(staging_models, flags={'may_lack_target': without_targets}) }}

)

select
    exports_in_effect.client_id,
    exports_in_effect.refreshed_on,
    exports_in_effect.file_number,
    exports_in_effect.provider_rank,
    exports_in_effect.site as file_site,
    exports_in_effect.is_of_many_sites,
    exports_in_effect.evidence_role,
    delivered_rows.*
from delivered_rows
inner join exports_in_effect
    on delivered_rows.file_id = exports_in_effect.file_id
    and delivered_rows.target_header = exports_in_effect.target_header
