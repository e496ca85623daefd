with source as (

    select * from {{ source('landed', 'majestic_backlinks') }}

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
        lower(left(language, 2)) as page_language,
        case
            -- the page names the site without linking to it
            when is_mention or regexp_matches(link_type, '(?i)mention') then 'mention'
            when is_redirect or regexp_matches(link_type, '(?i)redirect') then 'redirect'
            when regexp_matches(link_type, '(?i)canonical') then 'canonical'
            when is_frame or regexp_matches(link_type, '(?i)frame') then 'frame'
            -- the anchor of an image link is its alternative text
            when is_image or is_alt_text or regexp_matches(link_type, '(?i)image') then 'image'
            -- a flag that is delivered and not set says no
            when
                coalesce(is_mention, is_redirect, is_frame, is_image) is not null
                or regexp_matches(link_type, '(?i)text')
                then 'text'
        end as link_type,
        {{ lost_reason('lost_reason') }} as lost_reason,
        lost_reason as lost_words,
        domain_trust_flow as majestic_tf,
        domain_citation_flow as majestic_cf,
        source_trust_flow as majestic_page_tf,
        nofollow as is_nofollow,
        coalesce(is_old_crawl, false) or coalesce(is_deleted, false) or lost is not null as is_lost,
        first_seen as first_seen_on,
        last_seen as last_seen_on,
        lost as lost_on
    from source

)

select * from renamed
