with source as (

    select * from {{ source('landed', 'majestic_clique_hunter') }}

),

-- a row of the matrix speaks of one domain and as many sites as it has columns
cells as (

    select
        source.file_id,
        source.row_number,
        source.unreadable,
        source.domain,
        source.trust_flow,
        source.citation_flow,
        source.country,
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
        lower(country) as country,
        trust_flow as majestic_tf,
        citation_flow as majestic_cf,
        {{ links_in_cell("cell['value']") }} as links,
        false as is_lost
    from cells

)

select * from renamed
