with source as (

    select * from {{ source('landed', 'ahrefs_content_gap') }}

),

-- several columns a site, `example.com/: Organic Position` among them
cells as (

    select
        file_id,
        row_number,
        unreadable,
        keyword,
        unnest(map_entries(targets)) as cell
    from source

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        keyword,
        split_part(cell['key'], ': ', 1) as delivered_domain,
        coalesce({{ to_number("cell['value']") }} > 0, false) as is_ranked
    from cells
    where ends_with(lower(cell['key']), ': organic position')

)

select * from renamed
