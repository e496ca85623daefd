with source as (

    select * from {{ source('landed', 'ahrefs_performance_history') }}

),

-- one column a metric of the chart
measures as (

    select
        file_id,
        row_number,
        unreadable,
        date as measured_on,
        unnest(map_entries(map {
            'domain_rating': domain_rating,
            'url_rating': url_rating,
            'referring_domains': referring_domains,
            'referring_pages': referring_pages,
            'organic_traffic': traffic,
            'organic_traffic_value': traffic_value,
            'organic_keywords': keywords,
            'organic_pages': pages,
            'paid_traffic': paid_traffic,
            'paid_traffic_cost': paid_traffic_cost,
            'paid_keywords': paid_keywords,
            'paid_pages': paid_pages,
            'crawled_pages': crawled_pages
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
