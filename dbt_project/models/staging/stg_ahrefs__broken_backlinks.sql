with source as (

    select * from {{ source('landed', 'ahrefs_broken_backlinks') }}

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
        http_status,
        -- what is listed is broken, whatever Ahrefs was answered; only a page that keeps crawlers out may be well
        target_http_status is null or {{ is_broken_status('target_http_status') }} as is_target_broken,
        target_http_status,
        target_checked as target_checked_on,
        domain_rating as ahrefs_dr,
        domain_traffic,
        external_links,
        is_spam as is_provider_spam,
        is_content as is_in_content,
        nofollow as is_nofollow,
        ugc as is_ugc,
        sponsored as is_sponsored,
        -- the page it points at is gone, the link stands: seen when Ahrefs last looked at the linking page
        false as is_lost,
        page_checked as last_seen_on
    from source

)

select * from renamed
