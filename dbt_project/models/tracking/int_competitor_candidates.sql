with competitor_rows as (

    select * from {{ ref('int_competitor_rows') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

),

configured as (

    select
        panel_sites.client_id,
        panel_sites.refreshed_on,
        panel_sites.site
    from {{ source('ledger', 'panel_sites') }} as panel_sites
    inner join refreshes
        on panel_sites.client_id = refreshes.client_id
        and panel_sites.refreshed_on = refreshes.refreshed_on
    where not panel_sites.is_own_site

),

measured as (

    select
        *,
        case
            when overlap_basis = 'keyword_gap' then null
            -- `least` takes null for no number at all
            when keywords > 0 and shared_keywords is not null then least(1, shared_keywords / keywords)
            when delivered_overlap is not null then least(1, delivered_overlap)
        end as overlap,
        list_position([{{ "'" ~ value_lists()['overlap_basis'] | join("', '") ~ "'" }}], overlap_basis) as basis_rank
    from competitor_rows

),

-- one statement is shown: that of a list of competitors first, with what it shares, of several the largest
candidates as (

    select
        client_id,
        refreshed_on,
        site,
        arg_min(
            struct_pack(
                shared_keywords := shared_keywords,
                keywords := keywords,
                overlap := overlap,
                overlap_basis := overlap_basis
            ),
            (shared_keywords is null, basis_rank, provider_rank, -coalesce(shared_keywords, 0), -coalesce(keywords, 0))
        ) as shown,
        max(traffic) as traffic,
        list_sort(list_distinct(list(provider) filter (provider != 'linkgap'))) as providers
    from measured
    group by client_id, refreshed_on, site

),

joined as (

    select
        coalesce(candidates.client_id, configured.client_id) as client_id,
        coalesce(candidates.refreshed_on, configured.refreshed_on) as refreshed_on,
        coalesce(candidates.site, configured.site) as site,
        candidates.shown.shared_keywords as shared_keywords,
        candidates.shown.keywords as keywords,
        candidates.shown.overlap as overlap,
        case when candidates.shown.shared_keywords is not null then candidates.shown.overlap_basis end as overlap_basis,
        candidates.traffic,
        coalesce(candidates.providers, cast([] as varchar[])) as providers,
        configured.site is not null as is_configured
    from candidates
    full outer join configured
        on candidates.client_id = configured.client_id
        and candidates.refreshed_on = configured.refreshed_on
        and candidates.site = configured.site

),

judged as (

    select
        *,
        coalesce(
            case
                when overlap is not null
                    then overlap < {{ var('competitor_overlap') }} and keywords >= {{ var('broad_keywords') }}
                else traffic >= {{ var('broad_traffic') }}
            end,
            false
        ) as is_broad,
        coalesce(
            overlap >= {{ var('competitor_overlap') }} and shared_keywords >= {{ var('competitor_keywords') }}, false
        ) as is_alike
    from joined

),

-- of candidates that are alike, those that share most, in number and in part: shared × shared ÷ own keywords orders
-- like the cosine of the two sets of keywords
placed as (

    select
        *,
        greatest(
            0,
            {{ var('panel_competitors') }} - sum(cast(is_configured and not is_broad as integer)) over (
                partition by client_id, refreshed_on
            )
        ) as free_places,
        case when overlap < 0.001 then 'less than 0.1' else cast(round(100 * overlap, 1) as varchar) end
            as overlap_text,
        row_number() over (
            partition by client_id, refreshed_on
            order by
                is_alike and not is_configured and not is_broad desc,
                shared_keywords * overlap desc nulls last,
                site
        ) as place
    from judged

),

recommended as (

    select
        *,
        case
            when is_configured and shared_keywords is null and not is_broad then 'keep'
            when is_configured and is_broad then 'drop'
            when is_configured and (is_alike or overlap is null) then 'keep'
            when is_configured then 'watch'
            when is_broad then 'ignore'
            when is_alike and place <= free_places then 'add'
            when is_alike or shared_keywords is null then 'watch'
            when shared_keywords >= {{ var('competitor_keywords') }} then 'watch'
            else 'ignore'
        end as recommendation,
        site || case
            when shared_keywords is null then ''
            else ' shares ' || shared_keywords || case
                when keywords > 0 and overlap is not null
                    then ' of its ' || keywords || ' keywords with you (' || overlap_text || ' %)'
                when overlap is not null then ' keywords with you (' || overlap_text || ' % of its own)'
                else ' keywords with you in a keyword gap file, which may be filtered'
            end
        end as shared_text
    from placed

)

select
    client_id,
    refreshed_on,
    site,
    shared_keywords,
    keywords,
    overlap,
    overlap_basis,
    traffic,
    providers,
    is_broad,
    is_configured,
    recommendation,
    shared_text || case
        when recommendation = 'keep' and shared_keywords is null
            then ' is configured, and no export tells how many keywords you share: nothing speaks against it.'
        when recommendation = 'keep' then ': it answers the searches that you answer.'
        when recommendation = 'drop' and shared_keywords is null
            then ' has ' || traffic || ' visits a month and no export shows shared keywords: a site for everybody.'
        when recommendation = 'drop' then ': a site for everybody, whose links say little of your market.'
        when recommendation = 'add'
            then ': it answers the searches that you answer, and the panel has room for it.'
        when recommendation = 'watch' and is_configured
            then ': few for a competitor; look whether it still is one.'
        when recommendation = 'watch' and is_alike
            then ': alike, but the panel is full; it may replace a weaker one.'
        when recommendation = 'watch' and shared_keywords is null
            then ' is listed without a count of shared keywords; export the list of organic competitors.'
        when recommendation = 'watch' and overlap is null then '; export the list of organic competitors.'
        when recommendation = 'watch' then ': a part of your market, too small to compare links.'
        when is_broad and shared_keywords is null
            then ' has ' || traffic || ' visits a month: a site for everybody.'
        when is_broad then ': a site for everybody, whose links say little of your market.'
        else ': no more than chance.'
    end as reason
from recommended
