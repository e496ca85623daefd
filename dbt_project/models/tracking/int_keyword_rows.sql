with export_files as (

    select
        client_id,
        refreshed_on,
        file_id,
        -- the same bytes may be delivered twice
        max({{ country_in_path('path') }}) as file_country,
        max({{ device_in_path('path') }}) as file_device
    from {{ source('ledger', 'export_files') }}
    where outcome = 'accepted' and export_kind = 'keywords'
    group by all

),

exports_in_effect as (

    select
        exports.client_id,
        exports.refreshed_on,
        exports.file_id,
        exports.site as file_site,
        exports.provider,
        split_part(exports.target_header, ' ', 1) as target_header,
        export_files.file_country,
        export_files.file_device
    from {{ ref('int_exports_in_effect') }} as exports
    inner join export_files
        on exports.client_id = export_files.client_id
        and exports.refreshed_on = export_files.refreshed_on
        and exports.file_id = export_files.file_id
    -- what was not delivered for this refresh says nothing of its positions
    where exports.export_kind = 'keywords' and exports.evidence_role = 'current'

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

delivered_rows as (

    {{ rows_of_staging(keyword_models()) }}

),

trimmed as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.file_id,
        exports_in_effect.file_site,
        exports_in_effect.provider,
        delivered_rows.row_number,
        nullif(
            trim(regexp_replace(lower(nfc_normalize(delivered_rows.keyword)), '\s+', ' ', 'g')), ''
        ) as keyword,
        delivered_rows.delivered_url,
        {{ url_after_scheme(url_without_fragment('delivered_rows.delivered_url')) }} as url_rest,
        {{ place_or_unknown("coalesce(nullif(trim(delivered_rows.country), ''), exports_in_effect.file_country)") }}
            as country,
        {{ place_or_unknown("coalesce(nullif(trim(delivered_rows.device), ''), exports_in_effect.file_device)") }}
            as device,
        exports_in_effect.file_country,
        exports_in_effect.file_device,
        case when delivered_rows.position between 0.5 and 1000 then cast(delivered_rows.position as decimal(9, 2)) end
            as position,
        -- a page inside an answer or a block of pictures has the position of that block and not its own
        coalesce(lower(trim(delivered_rows.position_kind)) in ('', 'organic'), true) as is_classic,
        delivered_rows.traffic,
        delivered_rows.search_volume,
        delivered_rows.impressions
    from delivered_rows
    inner join exports_in_effect
        on delivered_rows.file_id = exports_in_effect.file_id
        and (
            delivered_rows.target_header is null or delivered_rows.target_header = exports_in_effect.target_header
        )
    where delivered_rows.unreadable is null

),

{{ url_parts('url_rest') }},

pages as (

    select distinct
        client_id,
        refreshed_on,
        file_site,
        host,
        {{ path_of('tail') }} as path
    from punycoded
    where host != ''

),

-- the most specific site that contains a page has it; a page outside the site of its file is none of that list
owned as (

    select
        pages.client_id,
        pages.refreshed_on,
        pages.file_site,
        pages.host,
        pages.path,
        max_by(panel_sites.site, {{ site_specificity('panel_sites') }}) as site,
        bool_or(panel_sites.site = pages.file_site) as is_inside_file_site
    from pages
    inner join panel_sites
        on pages.client_id = panel_sites.client_id
        and pages.refreshed_on = panel_sites.refreshed_on
        and {{ is_inside_site('pages.host', 'pages.path', 'panel_sites.site_host', 'panel_sites.site_path') }}
    group by all

)

select
    punycoded.client_id,
    punycoded.refreshed_on,
    punycoded.file_id,
    punycoded.row_number,
    punycoded.file_site,
    punycoded.provider,
    owned.site,
    case when owned.site is not null then punycoded.host || punycoded.port || punycoded.tail end as page,
    punycoded.delivered_url,
    punycoded.keyword,
    punycoded.country,
    punycoded.device,
    punycoded.file_country,
    punycoded.file_device,
    punycoded.position,
    punycoded.traffic,
    punycoded.search_volume,
    punycoded.impressions,
    punycoded.is_classic
from punycoded
left join owned
    on punycoded.client_id = owned.client_id
    and punycoded.refreshed_on = owned.refreshed_on
    and punycoded.file_site = owned.file_site
    and punycoded.host = owned.host
    and {{ path_of('punycoded.tail') }} = owned.path
    and owned.is_inside_file_site
