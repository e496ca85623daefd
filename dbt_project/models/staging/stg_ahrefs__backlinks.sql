with source as (

    select * from {{ source('landed', 'ahrefs_backlinks') }}

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
        anchor,
        left_context,
        right_context,
        left(language, 2) as page_language,
        platform,
        page_type,
        page_category,
        {{ ahrefs_link_type('link_type') }} as link_type,
        {{ lost_reason('coalesce(lost_status, drop_reason)') }} as lost_reason,
        coalesce(lost_status, drop_reason) as lost_words,
        http_status,
        domain_rating as ahrefs_dr,
        domain_traffic,
        external_links,
        is_spam as is_provider_spam,
        is_content as is_in_content,
        -- the same words tell what has columns of its own today
        coalesce(nofollow, regexp_matches(link_type, '(?i)nofollow')) as is_nofollow,
        coalesce(ugc, regexp_matches(link_type, '(?i)\bugc\b')) as is_ugc,
        coalesce(sponsored, regexp_matches(link_type, '(?i)sponsored')) as is_sponsored,
        -- a link is lost where the day of the loss or a reason for it stands
        lost is not null
        or drop_reason is not null
        or coalesce(lower(lost_status) not in ('live', 'active', 'found'), false) as is_lost,
        first_seen as first_seen_on,
        last_seen as last_seen_on,
        lost as lost_on
    from source

)

select * from renamed
