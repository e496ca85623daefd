with source as (

    select * from {{ source('landed', 'gsc_top_linking_sites') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        domain as delivered_domain,
        -- a site on the list links from at least one page
        coalesce(linking_pages, 1) as links,
        false as is_lost
    from source

)

select * from renamed
