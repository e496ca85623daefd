with source as (

    select * from {{ source('landed', 'semrush_backlink_audit') }}

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
        case lower(link_type)
            when 'a' then 'text'
            when 'img' then 'image'
            when 'image' then 'image'
            when 'iframe' then 'frame'
            when 'frame' then 'frame'
            when 'form' then 'form'
        end as link_type,
        domain_score as semrush_as,
        page_score as semrush_page_as,
        toxic_score,
        nofollow as is_nofollow,
        -- links lost within two months stay in the list unmarked: the day last seen decides
        false as is_lost,
        first_seen as first_seen_on,
        last_seen as last_seen_on
    from source

)

select * from renamed
