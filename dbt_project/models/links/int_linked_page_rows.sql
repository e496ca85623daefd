{# A provider's staging model of linked pages is added to this list and nowhere else. #}
{% set staging_models = [
    'stg_ahrefs__best_by_links',
    'stg_generic__linked_pages',
    'stg_moz__top_pages',
    'stg_semrush__indexed_pages',
] %}

with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}
    where export_kind = 'linked_pages' and evidence_role != 'unconfirmed'

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

delivered_rows as (

    {{ rows_of_staging(staging_models) }}

),

trimmed as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.site,
        exports_in_effect.provider,
        exports_in_effect.delivered_on,
        delivered_rows.*,
        {{ url_after_scheme(url_without_fragment('delivered_rows.page_url')) }} as page_rest
    from delivered_rows
    inner join exports_in_effect
        on delivered_rows.file_id = exports_in_effect.file_id
    where delivered_rows.unreadable is null

),

{{ url_parts('page_rest') }}

select
    client_id,
    refreshed_on,
    site,
    provider,
    {{ url_key("host || port || tail") }} as target_key,
    file_id,
    row_number,
    page_url,
    title,
    http_status,
    referring_domains,
    coalesce(last_seen_on, delivered_on) as seen_on
from punycoded
where host != ''
