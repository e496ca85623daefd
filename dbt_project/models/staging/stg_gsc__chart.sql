with source as (

    select * from {{ source('landed', 'gsc_chart') }}

),

measures as (

    select
        file_id,
        row_number,
        unreadable,
        date as measured_on,
        unnest(map_entries(map {
            'clicks': clicks,
            'impressions': impressions,
            'average_position': position
        })) as measure
    from source

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast(null as varchar) as delivered_domain,
        cast(null as varchar) as delivered_provider,
        measure['key'] as delivered_metric,
        measured_on,
        measure['value'] as value,
        true as is_dated
    from measures

)

select * from renamed
