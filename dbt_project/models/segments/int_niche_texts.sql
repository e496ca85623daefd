with refreshes as (

    select
        client_id,
        refreshed_on,
        niche_terms,
        niche_description,
        {{ brand_names('brand_terms') }} as brand_names
    from {{ source('ledger', 'refreshes') }}
    where is_in_run and (len(niche_terms) > 0 or niche_description != '')

),

own_keyword_files as (

    select distinct
        exports.client_id,
        exports.refreshed_on,
        exports.file_id,
        split_part(exports.target_header, ' ', 1) as target_header
    from {{ ref('int_exports_in_effect') }} as exports
    inner join {{ source('ledger', 'panel_sites') }} as panel_sites
        on exports.client_id = panel_sites.client_id
        and exports.refreshed_on = panel_sites.refreshed_on
        and exports.site = panel_sites.site
    where exports.export_kind = 'keywords' and exports.evidence_role != 'unconfirmed' and panel_sites.is_own_site

),

keyword_rows as (

    select
        file_id,
        target_header,
        keyword,
        coalesce(traffic, impressions, search_volume) as visits
    from ({{ rows_of_staging(keyword_models()) }}) as delivered_rows
    where unreadable is null and trim(keyword) != ''

),

own_keywords as (

    select
        own_keyword_files.client_id,
        own_keyword_files.refreshed_on,
        lower(trim(keyword_rows.keyword)) as niche_text,
        max(keyword_rows.visits) as visits
    from keyword_rows
    inner join own_keyword_files
        on keyword_rows.file_id = own_keyword_files.file_id
        and (keyword_rows.target_header is null or keyword_rows.target_header = own_keyword_files.target_header)
    group by all

),

main_keywords as (

    select * from own_keywords
    qualify
        row_number() over (
            partition by client_id, refreshed_on order by visits desc nulls last, niche_text
        ) <= {{ var('niche_keywords') }}

),

-- titles of the client's own pages that other sites link to most; short ones (`Contact us`) name no subject
own_page_titles as (

    select
        pages.client_id,
        pages.refreshed_on,
        lower(trim(pages.title)) as niche_text,
        max(pages.referring_domains) as referring_domains
    from {{ ref('int_linked_page_rows') }} as pages
    inner join {{ source('ledger', 'panel_sites') }} as panel_sites
        on pages.client_id = panel_sites.client_id
        and pages.refreshed_on = panel_sites.refreshed_on
        and pages.site = panel_sites.site
    where panel_sites.is_own_site and pages.title is not null and not {{ is_broken_status('pages.http_status') }}
    group by all

),

main_page_titles as (

    select * from own_page_titles
    qualify
        row_number() over (
            partition by client_id, refreshed_on order by referring_domains desc nulls last, niche_text
        ) <= {{ var('niche_page_titles') }}

),

told as (

    select
        client_id,
        refreshed_on,
        'term' as niche_kind,
        unnest(niche_terms) as niche_text
    from refreshes

    union

    select
        client_id,
        refreshed_on,
        'description' as niche_kind,
        niche_description as niche_text
    from refreshes

    union

    select
        client_id,
        refreshed_on,
        'keyword' as niche_kind,
        niche_text
    from main_keywords

    union

    select
        client_id,
        refreshed_on,
        'page_title' as niche_kind,
        niche_text
    from main_page_titles

),

spaced as (

    select
        told.client_id,
        told.refreshed_on,
        told.niche_kind,
        told.niche_text,
        {{ without_names(spaced_words('told.niche_text'), 'refreshes.brand_names') }} as words
    from told
    inner join refreshes
        on told.client_id = refreshes.client_id
        and told.refreshed_on = refreshes.refreshed_on

),

worded as (

    select
        client_id,
        refreshed_on,
        niche_kind,
        niche_text,
        {{ distinct_words('words') }} as words
    from spaced

),

function_words as (

    select list(word) as words from {{ ref('function_words') }}

),

telling as (

    select
        worded.client_id,
        worded.refreshed_on,
        worded.niche_kind,
        worded.niche_text,
        list_filter(
            worded.words,
            lambda word: length(word) > 1
            and regexp_matches(word, '\p{L}')
            and not list_contains(function_words.words, word)
        ) as words
    from worded
    cross join function_words

)

select * from telling
where niche_kind != 'page_title' or len(words) >= 3
