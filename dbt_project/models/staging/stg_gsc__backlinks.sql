with source as (

    select * from {{ source('landed', 'gsc_backlinks') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        -- which page of the site is linked stands nowhere
        source_url,
        false as is_lost,
        last_seen as last_seen_on
    from source

)

select * from renamed
