{# A provider's staging model of competitors is added to the first list, one of a keyword gap to the second. #}
{% set competitor_models = [
    'stg_ahrefs__competitors_map',
    'stg_ahrefs__organic_competitors',
    'stg_generic__competitors',
    'stg_semrush__organic_competitors',
] %}
{% set keyword_gap_models = [
    'stg_ahrefs__content_gap',
    'stg_moz__keyword_gap',
    'stg_semrush__keyword_gap',
] %}

with exports_in_effect as (

    -- a file of many sites stands once for each
    select distinct
        client_id,
        refreshed_on,
        file_id,
        provider,
        provider_rank
    from {{ ref('int_exports_in_effect') }}
    where export_kind in ('competitors', 'keyword_gap') and evidence_role != 'unconfirmed'

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

competitor_rows as (

    {{ rows_of_staging(competitor_models) }}

),

keyword_gap_rows as (

    {{ rows_of_staging(keyword_gap_models) }}

),

-- the columns of a keyword gap that are the client's own
own_columns as (

    select distinct
        export_sites.client_id,
        export_sites.file_id,
        regexp_replace(trim(export_sites.target_header), '( \((pages|rank)\)|: .*)$', '') as delivered_domain
    from {{ source('ledger', 'export_sites') }} as export_sites
    inner join panel_sites
        on export_sites.client_id = panel_sites.client_id
        and export_sites.refreshed_on = panel_sites.refreshed_on
        and export_sites.site = panel_sites.site
    where panel_sites.is_own_site and export_sites.target_header != ''

),

ranked_keywords as (

    select distinct
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.provider,
        exports_in_effect.provider_rank,
        exports_in_effect.file_id,
        keyword_gap_rows.keyword,
        trim(keyword_gap_rows.delivered_domain) as delivered_domain,
        own_columns.file_id is not null as is_own_site
    from keyword_gap_rows
    inner join exports_in_effect
        on keyword_gap_rows.file_id = exports_in_effect.file_id
    left join own_columns
        on exports_in_effect.client_id = own_columns.client_id
        and exports_in_effect.file_id = own_columns.file_id
        and trim(keyword_gap_rows.delivered_domain) = own_columns.delivered_domain
    where keyword_gap_rows.unreadable is null and keyword_gap_rows.is_ranked

),

own_keywords as (

    select distinct
        client_id,
        refreshed_on,
        file_id,
        keyword
    from ranked_keywords
    where is_own_site

),

-- without a keyword of the client's own the file was filtered to what it lacks: that says nothing of what is shared
files_with_own_keywords as (

    select distinct
        client_id,
        refreshed_on,
        file_id
    from own_keywords

),

from_keyword_gaps as (

    select
        ranked_keywords.client_id,
        ranked_keywords.refreshed_on,
        ranked_keywords.provider,
        ranked_keywords.provider_rank,
        ranked_keywords.file_id,
        ranked_keywords.delivered_domain,
        case
            when any_value(files_with_own_keywords.file_id) is not null then cast(count(own_keywords.keyword) as double)
        end as shared_keywords
    from ranked_keywords
    left join own_keywords
        on ranked_keywords.client_id = own_keywords.client_id
        and ranked_keywords.refreshed_on = own_keywords.refreshed_on
        and ranked_keywords.file_id = own_keywords.file_id
        and ranked_keywords.keyword = own_keywords.keyword
    left join files_with_own_keywords
        on ranked_keywords.client_id = files_with_own_keywords.client_id
        and ranked_keywords.refreshed_on = files_with_own_keywords.refreshed_on
        and ranked_keywords.file_id = files_with_own_keywords.file_id
    where not ranked_keywords.is_own_site
    group by all

),

delivered_rows as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.provider,
        exports_in_effect.provider_rank,
        'competitor_list' as overlap_basis,
        competitor_rows.delivered_domain,
        competitor_rows.shared_keywords,
        competitor_rows.keywords,
        competitor_rows.delivered_overlap,
        competitor_rows.traffic
    from competitor_rows
    inner join exports_in_effect
        on competitor_rows.file_id = exports_in_effect.file_id
    where competitor_rows.unreadable is null

    union all

    select
        client_id,
        refreshed_on,
        provider,
        provider_rank,
        'keyword_gap' as overlap_basis,
        delivered_domain,
        shared_keywords,
        cast(null as double) as keywords,
        cast(null as double) as delivered_overlap,
        cast(null as double) as traffic
    from from_keyword_gaps

),

trimmed as (

    select
        *,
        {{ url_after_scheme(url_without_fragment('delivered_domain')) }} as domain_rest
    from delivered_rows

),

{{ url_parts('domain_rest') }},

addressed as (

    select
        *,
        regexp_replace(host, '^www\.', '') as candidate,
        {{ path_of('tail') }} as path
    from punycoded
    where host != ''

),

-- a site of the panel that contains the candidate, or is a folder of it, has its name
in_panel as (

    select
        addressed.client_id,
        addressed.refreshed_on,
        addressed.candidate,
        addressed.path,
        max_by(panel_sites.site, {{ site_specificity('panel_sites') }}) as site,
        max_by(panel_sites.is_own_site, {{ site_specificity('panel_sites') }}) as is_own_site
    from (
        select distinct
            client_id,
            refreshed_on,
            candidate,
            path
        from addressed
    ) as addressed
    inner join panel_sites
        on addressed.client_id = panel_sites.client_id
        and addressed.refreshed_on = panel_sites.refreshed_on
        and (
            {{ is_inside_site(
                'addressed.candidate', 'addressed.path', 'panel_sites.site_host', 'panel_sites.site_path'
            ) }}
            or (addressed.candidate = regexp_replace(panel_sites.site_host, '^www\.', '') and addressed.path = '/')
        )
    group by all

),

-- what lists of keywords of two sites have in common
keyword_lists as (

    select distinct
        keyword_rows.client_id,
        keyword_rows.refreshed_on,
        coalesce(keyword_rows.site, keyword_rows.file_site) as site,
        panel_sites.is_own_site,
        keyword_rows.keyword
    from {{ ref('int_keyword_rows') }} as keyword_rows
    inner join panel_sites
        on keyword_rows.client_id = panel_sites.client_id
        and keyword_rows.refreshed_on = panel_sites.refreshed_on
        and coalesce(keyword_rows.site, keyword_rows.file_site) = panel_sites.site
    where
        keyword_rows.keyword is not null
        -- a page outside the site of its file is none of that list; a list without pages speaks of its site
        and (keyword_rows.site is not null or keyword_rows.delivered_url is null)

),

own_lists as (

    select distinct
        client_id,
        refreshed_on,
        keyword
    from keyword_lists
    where is_own_site

),

with_own_lists as (

    select distinct
        client_id,
        refreshed_on
    from own_lists

),

from_keyword_lists as (

    select
        keyword_lists.client_id,
        keyword_lists.refreshed_on,
        keyword_lists.site,
        case when max(with_own_lists.refreshed_on) is not null then count(own_lists.keyword) end as shared_keywords,
        count(*) as keywords
    from keyword_lists
    left join own_lists
        on keyword_lists.client_id = own_lists.client_id
        and keyword_lists.refreshed_on = own_lists.refreshed_on
        and keyword_lists.keyword = own_lists.keyword
    left join with_own_lists
        on keyword_lists.client_id = with_own_lists.client_id
        and keyword_lists.refreshed_on = with_own_lists.refreshed_on
    where not keyword_lists.is_own_site
    group by all

)

select
    addressed.client_id,
    addressed.refreshed_on,
    coalesce(in_panel.site, addressed.candidate) as site,
    addressed.provider,
    addressed.provider_rank,
    addressed.overlap_basis,
    cast(addressed.shared_keywords as bigint) as shared_keywords,
    cast(addressed.keywords as bigint) as keywords,
    addressed.delivered_overlap,
    cast(addressed.traffic as bigint) as traffic
from addressed
left join in_panel
    on addressed.client_id = in_panel.client_id
    and addressed.refreshed_on = in_panel.refreshed_on
    and addressed.candidate = in_panel.candidate
    and addressed.path = in_panel.path
where not coalesce(in_panel.is_own_site, false)

union all

select
    client_id,
    refreshed_on,
    site,
    'linkgap' as provider,
    0 as provider_rank,
    'keyword_lists' as overlap_basis,
    shared_keywords,
    keywords,
    cast(null as double) as delivered_overlap,
    cast(null as bigint) as traffic
from from_keyword_lists
