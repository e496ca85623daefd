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

    {{ rows_of_staging(staging_models) }}

),

trimmed as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.file_number,
        exports_in_effect.provider_rank,
        exports_in_effect.site,
        exports_in_effect.evidence_role,
        exports_in_effect.delivered_on,
        {{ url_after_scheme(url_without_fragment('delivered_rows.delivered_domain')) }} as domain_rest,
        delivered_rows.*
    from delivered_rows
    inner join exports_in_effect
        on delivered_rows.file_id = exports_in_effect.file_id
        and delivered_rows.target_header = exports_in_effect.target_header

),

{{ url_parts('domain_rest') }}

select
    client_id,
    refreshed_on,
    file_number,
    file_id,
    row_number,
    provider_rank,
    site,
    evidence_role,
    delivered_on,
    delivered_domain,
    host,
    country,
    unreadable,
    {% for metric in domain_metrics() %}
    {{ metric }},
    {% endfor %}
    domain_traffic,
    linked_domains,
    coalesce(is_provider_spam, false) as is_provider_spam,
    spam_score,
    links,
    is_lost,
    first_seen_on,
    coalesce(last_seen_on, lost_on) as last_seen_on
from punycoded
