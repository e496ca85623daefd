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
        -- 'redirect' and the like
        case
            when regexp_matches(link_type, '(?i)redirect') then 'redirect'
            when regexp_matches(link_type, '(?i)canonical') then 'canonical'
            when regexp_matches(link_type, '(?i)alternate') then 'alternate'
            when regexp_matches(link_type, '(?i)image') then 'image'
            when regexp_matches(link_type, '(?i)form') then 'form'
            when regexp_matches(link_type, '(?i)frame') then 'frame'
            when link_type is not null then 'text'
        end as link_type,
        http_status,
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
