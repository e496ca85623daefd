{# A tool's staging model of pages that name the brand is added to this list and nowhere else. #}
{% set staging_models = [
    'stg_generic__mentions',
] %}

with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}
    where export_kind = 'mentions' and evidence_role != 'unconfirmed'

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
        exports_in_effect.provider,
        exports_in_effect.provider_rank,
        exports_in_effect.file_number,
        delivered_rows.*,
        {{ url_after_scheme(url_without_fragment('delivered_rows.source_url')) }} as source_rest
    from delivered_rows
    inner join exports_in_effect
        on delivered_rows.file_id = exports_in_effect.file_id
    where delivered_rows.unreadable is null

),

{{ url_parts('source_rest') }}

select
    client_id,
    refreshed_on,
    provider,
    provider_rank,
    file_number,
    file_id,
    row_number,
    -- a URL without a host is kept, so that it is counted
    {{ url_key("coalesce(host || port || tail, '')") }} as page_key,
    coalesce(host, '') as source_host,
    coalesce({{ path_of('tail') }}, '') as source_path,
    source_url,
    title,
    snippet,
    has_link,
    published_on
from punycoded
