with source as (

    select * from {{ source('landed', 'semrush_backlinks') }}

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
        case
            when is_image then 'image'
            when is_frame then 'frame'
            when is_form then 'form'
            -- before 2023 what is none of these three is text
            when coalesce(is_text, is_image, is_frame, is_form) is not null then 'text'
        end as link_type,
        page_score as semrush_page_as,
        external_links,
        nofollow as is_nofollow,
        ugc as is_ugc,
        sponsored as is_sponsored,
        sitewide as is_sitewide,
        -- Semrush says that a link is lost, never when
        coalesce(lost_link, false) as is_lost,
        first_seen as first_seen_on,
        last_seen as last_seen_on
    from source

)

select * from renamed
