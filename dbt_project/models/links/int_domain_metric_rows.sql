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

    {% for staging_model in staging_models %}
    select * from {{ ref(staging_model) }}
    {% if not loop.last %}union all by name{% endif %}
    {% endfor %}

),

in_effect as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        regexp_replace(
            {{ url_host(url_authority(url_after_scheme(url_without_fragment('measured_rows.delivered_domain')))) }},
            '^www\.',
            ''
        ) as host_written,
        measured_rows.*
    from measured_rows
    inner join exports_in_effect
        on measured_rows.file_id = exports_in_effect.file_id
    where measured_rows.unreadable is null

)

select
    in_effect.client_id,
    in_effect.refreshed_on,
    coalesce(unicode_hosts.punycode_host, in_effect.host_written) as referring_domain,
    {% for metric in domain_metrics() %}
    in_effect.{{ metric }},
    {% endfor %}
    in_effect.domain_traffic,
    in_effect.linked_domains
from in_effect
left join unicode_hosts
    on in_effect.host_written = unicode_hosts.host
where in_effect.host_written != ''
