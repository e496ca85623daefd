{# Histories, with one metric a row, and lists of measured domains with the fields that are a metric of the site. #}
{% set histories = [
    'stg_ahrefs__performance_history',
    'stg_generic__metric_history',
    'stg_gsc__chart',
    'stg_semrush__overview_trend',
] %}
{% set measured_lists = {
    'stg_ahrefs__batch_analysis': [
        'ahrefs_dr', 'domain_traffic', 'organic_keywords', 'total_backlinks', 'total_referring_domains',
        'total_follow_referring_domains',
    ],
    'stg_generic__domain_metrics': [
        'ahrefs_dr', 'semrush_as', 'moz_da', 'majestic_tf', 'majestic_cf', 'dataforseo_rank', 'generic_authority',
        'domain_traffic', 'total_backlinks', 'total_referring_domains',
    ],
    'stg_majestic__bulk_backlinks': ['majestic_tf', 'majestic_cf', 'total_backlinks', 'total_referring_domains'],
    'stg_semrush__bulk_comparison': ['semrush_as', 'visits', 'total_backlinks', 'total_referring_domains'],
    'stg_spamzilla__domain_metrics': [
        'ahrefs_dr', 'moz_da', 'majestic_tf', 'majestic_cf', 'ahrefs_backlinks', 'ahrefs_referring_domains',
        'ahrefs_traffic', 'ahrefs_keywords', 'majestic_backlinks', 'majestic_referring_domains', 'semrush_traffic',
        'semrush_keywords',
    ],
} %}

with export_files as (

    select * from {{ ref('int_exports_in_effect') }}
    where export_kind in ('metric_history', 'domain_metrics') and evidence_role = 'current'

),

-- a file of many sites stands there once a site; its rows name theirs
files as (

    select
        client_id,
        refreshed_on,
        file_id,
        provider,
        min(site) as only_site,
        count(distinct site) as sites
    from export_files
    group by all

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

metric_names as (

    select * from {{ ref('metric_names') }}

),

delivered as (

    {% for history in histories %}
    select
        file_id,
        row_number,
        unreadable,
        delivered_domain,
        delivered_provider,
        delivered_metric,
        measured_on,
        cast(value as double) as value,
        is_dated
    from {{ ref(history) }}
    union all
    {% endfor %}
    {% for measured_list, fields in measured_lists.items() %}
    select
        file_id,
        row_number,
        unreadable,
        delivered_domain,
        cast(null as varchar) as delivered_provider,
        unnest([
            {% for field in fields %}
            '{{ field }}'{{ "," if not loop.last }}
            {% endfor %}
        ]) as delivered_metric,
        cast(null as date) as measured_on,
        unnest([
            {% for field in fields %}
            cast({{ field }} as double){{ "," if not loop.last }}
            {% endfor %}
        ]) as value,
        false as is_dated
    from {{ ref(measured_list) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

trimmed as (

    select
        files.client_id,
        files.refreshed_on,
        files.provider as export_provider,
        case when files.sites = 1 then files.only_site end as only_site,
        {{ url_after_scheme(url_without_fragment('delivered.delivered_domain')) }} as domain_rest,
        trim(regexp_replace(lower(delivered.delivered_metric), '[^a-z0-9]+', '_', 'g'), '_') as name,
        delivered.* exclude (unreadable)
    from delivered
    inner join files
        on delivered.file_id = files.file_id
    where delivered.unreadable is null and delivered.value is not null

),

{{ url_parts('domain_rest') }},

-- measured of a whole host: the panel's sites with a path have no metric of their own in such lists
matched as (

    select
        punycoded.*,
        panel_sites.site
    from punycoded
    inner join panel_sites
        on punycoded.client_id = panel_sites.client_id
        and punycoded.refreshed_on = panel_sites.refreshed_on
        and case
            when coalesce(trim(punycoded.delivered_domain), '') = '' then punycoded.only_site = panel_sites.site
            else
                panel_sites.site_path = ''
                and punycoded.tail = '/'
                and regexp_replace(punycoded.host, '^www\.', '') = regexp_replace(panel_sites.site_host, '^www\.', '')
        end

)

select
    matched.client_id,
    matched.refreshed_on,
    matched.file_id,
    matched.row_number,
    matched.site,
    coalesce(
        nullif(lower(trim(matched.delivered_provider)), ''), metric_names.provider, matched.export_provider
    ) as provider,
    coalesce(metric_names.metric, matched.name) as metric,
    coalesce(matched.measured_on, matched.refreshed_on) as measured_on,
    matched.value,
    matched.is_dated
from matched
left join metric_names
    on matched.name = metric_names.name
where matched.name != '' and (matched.measured_on is not null or not matched.is_dated)
