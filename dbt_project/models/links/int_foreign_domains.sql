with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where len(market_languages) > 0 or len(market_countries) > 0

),

countries as (

    select
        *,
        string_split(languages, ' ') as country_languages
    from {{ ref('country_languages') }}

),

domain_languages as (

    select * from {{ ref('int_domain_languages') }}

),

domain_metrics as (

    select * from {{ ref('int_domain_metrics') }}

),

market_country_languages as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        flatten(list(countries.country_languages)) as languages
    from refreshes
    inner join countries
        on list_contains(refreshes.market_countries, countries.country)
    group by all

),

-- the languages that the client's markets read: those named, else those of the countries
markets as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        refreshes.market_countries,
        case
            when len(refreshes.market_languages) > 0 then refreshes.market_languages
            else coalesce(market_country_languages.languages, [])
        end as market_languages
    from refreshes
    left join market_country_languages
        on refreshes.client_id = market_country_languages.client_id
        and refreshes.refreshed_on = market_country_languages.refreshed_on

),

-- the provider is asked first, detection only where it says nothing
languages as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        coalesce(
            list(language order by pages desc, language) filter (language_source = 'provider'),
            list(language order by pages desc, language) filter (language_source = 'detected')
        ) as languages,
        case when bool_or(language_source = 'provider') then 'the provider' else 'detection' end as told_by
    from domain_languages
    group by client_id, refreshed_on, referring_domain

),

domains as (

    select
        domain_metrics.client_id,
        domain_metrics.refreshed_on,
        domain_metrics.referring_domain,
        countries.country as suffix_country,
        coalesce(languages.languages, countries.country_languages) as languages,
        case when languages.languages is not null then languages.told_by else 'its country' end as told_by
    from domain_metrics
    left join languages
        on domain_metrics.client_id = languages.client_id
        and domain_metrics.refreshed_on = languages.refreshed_on
        and domain_metrics.referring_domain = languages.referring_domain
    -- a top-level domain that is sold to anybody tells no country
    left join countries
        on regexp_extract(domain_metrics.referring_domain, '[^.]+$') = countries.top_level_domain
        and not countries.is_sold_to_anybody

)

select
    domains.client_id,
    domains.refreshed_on,
    domains.referring_domain,
    'language ' || array_to_string(domains.languages[1:3], ', ') || ' (' || domains.told_by || ')'
    || coalesce(', country ' || domains.suffix_country, '')
    || '; the client sells in ' || array_to_string(markets.market_languages, ', ')
    || coalesce(' / ' || nullif(array_to_string(markets.market_countries, ', '), ''), '') as foreign_evidence
from domains
inner join markets
    on domains.client_id = markets.client_id
    and domains.refreshed_on = markets.refreshed_on
where
    -- foreign is who writes for other readers and sits in no country of the market; of an unknown language nothing
    -- follows
    domains.languages is not null
    and len(markets.market_languages) > 0
    and not list_has_any(domains.languages, markets.market_languages)
    and not coalesce(list_contains(markets.market_countries, domains.suffix_country), false)
