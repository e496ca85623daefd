with source as (

    select * from {{ source('landed', 'moz_keyword_gap') }}

),

-- one column a site, `example.com (rank)`; 51 says that it is not among the first 50
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
        split_part(cell['key'], ' ', 1) as delivered_domain,
        coalesce({{ to_number("cell['value']") }} between 1 and 50, false) as is_ranked
    from cells

)

select * from renamed
