{# A provider's staging model of measured domains is added to this list and nowhere else. #}
{% set staging_models = [
    'stg_ahrefs__batch_analysis',
    'stg_generic__domain_metrics',
    'stg_majestic__bulk_backlinks',
    'stg_semrush__bulk_comparison',
    'stg_spamzilla__domain_metrics',
] %}

with exports_in_effect as (

    select distinct
        client_id,
        refreshed_on,
        file_id
    from {{ ref('int_exports_in_effect') }}
    where evidence_role != 'unconfirmed'

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

measured_rows as (

    {{ rows_of_staging(staging_models) }}

),

trimmed as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        {{ url_after_scheme(url_without_fragment('measured_rows.delivered_domain')) }} as domain_rest,
        measured_rows.*
    from measured_rows
    inner join exports_in_effect
        on measured_rows.file_id = exports_in_effect.file_id
    where measured_rows.unreadable is null

),

{{ url_parts('domain_rest') }}

select
    client_id,
    refreshed_on,
    regexp_replace(host, '^www\.', '') as referring_domain,
    {% for metric in domain_metrics() %}
    {{ metric }},
    {% endfor %}
    domain_traffic,
    linked_domains
from punycoded
where host != ''
