{# A provider's staging model of linking domains is added to this list and nowhere else. #}
{% set staging_models = [
    'stg_ahrefs__link_intersect',
    'stg_ahrefs__referring_domains',
    'stg_dataforseo__domain_intersection',
    'stg_dataforseo__referring_domains',
    'stg_generic__gap_matrix',
    'stg_generic__referring_domains',
    'stg_gsc__top_linking_sites',
    'stg_majestic__clique_hunter',
    'stg_majestic__referring_domains',
    'stg_moz__link_intersect',
    'stg_moz__referring_domains',
    'stg_semrush__gap_matrix',
    'stg_semrush__referring_domains',
] %}

with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

delivered_rows as (

    {% for staging_model in staging_models %}
    select * from {{ ref(staging_model) }}
    {% if not loop.last %}union all by name{% endif %}
    {% endfor %}

),

in_effect as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.file_number,
        exports_in_effect.provider_rank,
        exports_in_effect.site,
        exports_in_effect.evidence_role,
        exports_in_effect.delivered_on,
        {{ url_host(url_authority(url_after_scheme(url_without_fragment('delivered_rows.delivered_domain')))) }}
            as host_written,
        delivered_rows.*
    from delivered_rows
    inner join exports_in_effect
        on delivered_rows.file_id = exports_in_effect.file_id
        and delivered_rows.target_header = exports_in_effect.target_header

)

select
    in_effect.client_id,
    in_effect.refreshed_on,
    in_effect.file_number,
    in_effect.file_id,
    in_effect.row_number,
    in_effect.provider_rank,
    in_effect.site,
    in_effect.evidence_role,
    in_effect.delivered_on,
    in_effect.delivered_domain,
    coalesce(unicode_hosts.punycode_host, in_effect.host_written) as host,
    in_effect.country,
    in_effect.unreadable,
    {% for metric in domain_metrics() %}
    in_effect.{{ metric }},
    {% endfor %}
    in_effect.domain_traffic,
    in_effect.linked_domains,
    coalesce(in_effect.is_provider_spam, false) as is_provider_spam,
    in_effect.spam_score,
    in_effect.links,
    in_effect.is_lost,
    in_effect.first_seen_on,
    coalesce(in_effect.last_seen_on, in_effect.lost_on) as last_seen_on
from in_effect
left join unicode_hosts
    on in_effect.host_written = unicode_hosts.host
