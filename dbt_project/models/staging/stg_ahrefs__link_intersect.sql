with source as (

    select * from {{ source('landed', 'ahrefs_link_intersect') }}

),

-- a row of the matrix speaks of one domain and as many sites as it has columns
cells as (

    select
        source.file_id,
        source.row_number,
        source.unreadable,
        source.domain,
        source.domain_rating,
        source.domain_traffic,
        unnest(map_entries(source.targets)) as cell
    from source

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cell['key'] as target_header,
        domain as delivered_domain,
        domain_rating as ahrefs_dr,
        domain_traffic,
        {{ links_in_cell("cell['value']") }} as links,
        false as is_lost
    from cells

)

select * from renamed
