with source as (

    select * from {{ source('landed', 'moz_ranking_keywords') }}

),

-- a site has two columns, `example.com en-US Top Rank` and `example.com en-US Top Ranking URL`
cells as (

    select
        file_id,
        row_number,
        unreadable,
        keyword,
        volume,
        targets,
        unnest(map_keys(targets)) as header
    from source

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        split_part(header, ' ', 1) as target_header,
        keyword,
        targets[header || 'ing URL'] as delivered_url,
        regexp_extract(header, ' [a-z]{2}-([A-Z]{2}) ', 1, 'i') as country,
        cast(null as varchar) as device,
        {{ to_number('targets[header]') }} as position,
        cast(null as varchar) as position_kind,
        cast(null as double) as traffic,
        volume as search_volume,
        cast(null as double) as impressions
    from cells
    where ends_with(lower(header), ' top rank')

)

select * from renamed
