with source as (

    select * from {{ source('landed', 'semrush_keyword_gap') }}

),

-- a site has two columns, its position and, with ` (pages)`, its page; 0 is no position
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
        cell['key'] as delivered_domain,
        coalesce({{ to_number("cell['value']") }} > 0, false) as is_ranked
    from cells
    where not ends_with(cell['key'], ' (pages)')

)

select * from renamed
