with source as (

    select * from {{ source('landed', 'generic_gap_matrix') }}

),

-- a row of the matrix speaks of one domain and as many sites as it has columns
cells as (

    select
        source.file_id,
        source.row_number,
        source.unreadable,
        source.domain,
        source.authority,
        source.domain_traffic,
        source.country,
        source.is_spam,
        source.is_lost,
        source.lost,
        source.first_seen,
        source.last_seen,
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
        authority as generic_authority,
        domain_traffic,
        {{ links_in_cell("cell['value']") }} as links,
        coalesce(is_lost, lost is not null) as is_lost,
        is_spam as is_provider_spam,
        first_seen as first_seen_on,
        last_seen as last_seen_on,
        lost as lost_on
    from cells

)

select * from renamed
