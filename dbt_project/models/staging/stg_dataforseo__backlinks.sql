with source as (

    select * from {{ source('landed', 'dataforseo_backlinks') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        source_url,
        target_url,
        title,
        -- an image has its alternative text for an anchor
        coalesce(anchor, alt) as anchor,
        left_context,
        right_context,
        lower(left(language, 2)) as page_language,
        -- a list in JSON: ["cms", "blogs"]
        nullif(regexp_replace(platform, '[\[\]"]', '', 'g'), '') as platform,
        case
            when item_type in ('anchor', 'link') then 'text'
            when item_type in ('image', 'redirect', 'canonical', 'alternate') then item_type
        end as link_type,
        http_status,
        coalesce({{ is_broken_status('target_http_status') }}, false)
        or (target_http_status is null and coalesce(target_is_broken, false)) as is_target_broken,
        target_http_status,
        last_seen as target_checked_on,
        domain_rank as dataforseo_rank,
        external_links,
        spam_score as link_spam_score,
        semantic_location as page_part,
        case
            when semantic_location in ('article', 'main', 'section', 'summary', 'figure') then true
            when semantic_location in ('header', 'footer', 'nav', 'aside') then false
        end as is_in_content,
        coalesce(not dofollow, regexp_matches(attributes, '"nofollow"')) as is_nofollow,
        -- no attribute at all is delivered as no list
        coalesce(regexp_matches(attributes, '"ugc"'), false) as is_ugc,
        coalesce(regexp_matches(attributes, '"sponsored"'), false) as is_sponsored,
        coalesce(is_lost, false) as is_lost,
        first_seen as first_seen_on,
        last_seen as last_seen_on
    from source

)

select * from renamed
