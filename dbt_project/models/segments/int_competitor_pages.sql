with links as (

    select * from {{ ref('int_links_quoted') }}
    where is_live and not is_own_site and target_url is not null

),

rules as (

    select
        content_type,
        reason,
        {{ content_type_rule_code() }} as code
    from {{ ref('content_type_rules') }}

),

linked_page_rows as (

    select * from {{ ref('int_linked_page_rows') }}

),

-- rows of links that say of the linked page that it is gone
broken_targets as (

    select distinct
        judged_rows.client_id,
        judged_rows.refreshed_on,
        judged_rows.target_key
    from {{ ref('int_link_rows__unioned') }} as delivered_rows
    inner join {{ ref('int_link_rows_judged') }} as judged_rows
        on delivered_rows.client_id = judged_rows.client_id
        and delivered_rows.refreshed_on = judged_rows.refreshed_on
        and delivered_rows.file_number = judged_rows.file_number
        and delivered_rows.row_number = judged_rows.row_number
    where delivered_rows.is_target_broken and delivered_rows.evidence_role != 'unconfirmed'

),

told_pages as (

    select
        client_id,
        refreshed_on,
        target_key,
        arg_max(title, (seen_on, title)) filter (title is not null) as page_title,
        bool_or({{ is_broken_status('http_status') }}) as is_broken
    from linked_page_rows
    group by all

),

pages as (

    select
        client_id,
        refreshed_on,
        target_key,
        any_value(site) as site,
        -- the row decides how the page is spelled, so that every run shows the same
        arg_min(target_url, {{ row_place() }}) as target_url,
        count(*) as links,
        count(distinct referring_domain) as referring_domains,
        max(first_seen_on) as newest_link_on
    from links
    group by client_id, refreshed_on, target_key

),

anchors as (

    select
        client_id,
        refreshed_on,
        target_key,
        {{ rule_text('anchor') }} as anchor,
        count(*) as links
    from links
    where anchor is not null
    group by client_id, refreshed_on, target_key, {{ rule_text('anchor') }}
    -- the five most used say what the page is called
    qualify
        row_number() over (
            partition by client_id, refreshed_on, target_key
            order by count(*) desc, {{ rule_text('anchor') }}
        ) <= 5

),

-- the type that most links with a telling anchor name, where it is a third of the page's links at least
anchor_types as (

    select
        client_id,
        refreshed_on,
        target_key,
        arg_max(code, links * 1000000 + code) as code,
        max(links) as links
    from (
        select
            client_id,
            refreshed_on,
            target_key,
            {{ content_type_code('text', 'anchor') }} as code,
            sum(links) as links
        from anchors
        group by all
    )
    where code > 0
    group by client_id, refreshed_on, target_key

),

anchor_years as (

    select
        client_id,
        refreshed_on,
        target_key,
        list_max(flatten(list({{ years_in('anchor') }}))) as latest_year
    from anchors
    group by client_id, refreshed_on, target_key

),

seen as (

    select
        pages.*,
        told_pages.page_title,
        broken_targets.target_key is not null or coalesce(told_pages.is_broken, false) as is_broken,
        {{ rule_text(readable_url(path_of(
            "coalesce(nullif(regexp_replace(pages.target_url, '^(?i:https?:)?//[^/?]*', ''), ''), '/')"
        ))) }} as path,
        anchor_years.latest_year as anchor_year,
        case when anchor_types.links * 3 >= pages.links then anchor_types.code else 0 end as anchor_code
    from pages
    left join told_pages
        on pages.client_id = told_pages.client_id
        and pages.refreshed_on = told_pages.refreshed_on
        and pages.target_key = told_pages.target_key
    left join broken_targets
        on pages.client_id = broken_targets.client_id
        and pages.refreshed_on = broken_targets.refreshed_on
        and pages.target_key = broken_targets.target_key
    left join anchor_types
        on pages.client_id = anchor_types.client_id
        and pages.refreshed_on = anchor_types.refreshed_on
        and pages.target_key = anchor_types.target_key
    left join anchor_years
        on pages.client_id = anchor_years.client_id
        and pages.refreshed_on = anchor_years.refreshed_on
        and pages.target_key = anchor_years.target_key

),

coded as (

    select
        *,
        greatest(
            {{ content_type_code('path', 'path') }},
            {{ content_type_code('text', rule_text('page_title')) }},
            anchor_code
        ) as type_code,
        list_max({{ years_in('path') }}) as path_year,
        list_max({{ years_in('page_title') }}) as title_year
    from seen

),

typed as (

    select
        coded.*,
        coalesce(rules.content_type, 'other') as content_type,
        rules.reason as content_type_evidence,
        greatest(coded.path_year, coded.title_year, coded.anchor_year) as latest_year,
        case
            when coded.title_year >= greatest(coded.path_year, coded.anchor_year, 0) then 'title'
            when coded.path_year >= greatest(coded.anchor_year, 0) then 'URL'
            else 'anchors'
        end as year_place
    from coded
    left join rules
        on coded.type_code = rules.code

)

select
    client_id,
    refreshed_on,
    target_key,
    site,
    target_url,
    page_title,
    content_type,
    content_type_evidence,
    is_broken,
    case
        when content_type = 'home' then null
        -- the latest year it names is over for two years
        when latest_year <= year(refreshed_on) - {{ var('outdated_years') }}
            then latest_year || ' is the latest year in its ' || year_place
        when
            referring_domains >= 3
            and newest_link_on <= refreshed_on - {{ var('outdated_years') }} * 365
            then 'no new link since ' || newest_link_on
    end as outdated_evidence
from typed
