with link_rows as (

    select
        link_rows.*,
        hosts.referring_domain
    from {{ ref('int_link_rows') }} as link_rows
    inner join {{ ref('int_hosts') }} as hosts
        on link_rows.source_host = hosts.host
    -- rules do not change what was measured: only rows that cannot be read say nothing
    where link_rows.evidence_role != 'unconfirmed' and link_rows.rule_bits % 8 = 0

),

domain_rows as (

    select
        domain_rows.*,
        hosts.referring_domain
    from {{ ref('int_domain_rows') }} as domain_rows
    inner join {{ ref('int_hosts') }} as hosts
        on domain_rows.host = hosts.host
    where domain_rows.evidence_role != 'unconfirmed' and domain_rows.unreadable is null

),

hosts as (

    select distinct
        referring_domain,
        parent_domain
    from {{ ref('int_hosts') }}

),

metric_rows as (

    select * from {{ ref('int_domain_metric_rows') }}

),

authority_reference as (

    select * from {{ ref('int_authority_reference') }}

),

from_links as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        {% for metric in domain_metrics() + page_metrics() %}
        max({{ metric }}) as {{ metric }},
        {% endfor %}
        max(domain_traffic) as traffic
    from link_rows
    group by all

),

-- the language of most of its linking pages; of equals the first by name
main_languages as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        arg_min(language, (language_source != 'provider', -pages, language)) as language
    from {{ ref('int_domain_languages') }}
    group by all

),

-- what lists of linking domains and of measured domains say
from_domain_rows as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        {% for metric in domain_metrics() %}
        max({{ metric }}) as {{ metric }},
        {% endfor %}
        max(domain_traffic) as traffic,
        max(linked_domains) as linked_domains,
        max(country) as country
    from (
        select * from domain_rows
        union all by name
        select * from metric_rows
    ) as all_rows
    group by all

),

metrics as (

    select
        coalesce(from_links.client_id, from_domain_rows.client_id) as client_id,
        coalesce(from_links.refreshed_on, from_domain_rows.refreshed_on) as refreshed_on,
        coalesce(from_links.referring_domain, from_domain_rows.referring_domain) as referring_domain,
        {% for metric in domain_metrics() %}
        greatest(from_links.{{ metric }}, from_domain_rows.{{ metric }}) as {{ metric }},
        {% endfor %}
        {% for metric in page_metrics() %}
        from_links.{{ metric }},
        {% endfor %}
        greatest(from_links.traffic, from_domain_rows.traffic) as traffic,
        from_domain_rows.linked_domains,
        from_domain_rows.country,
        main_languages.language
    from from_links
    full outer join from_domain_rows
        on from_links.client_id = from_domain_rows.client_id
        and from_links.refreshed_on = from_domain_rows.refreshed_on
        and from_links.referring_domain = from_domain_rows.referring_domain
    left join main_languages
        on from_links.client_id = main_languages.client_id
        and from_links.refreshed_on = main_languages.refreshed_on
        and from_links.referring_domain = main_languages.referring_domain

),

-- the first metric that a domain has: measured of the domain before of a page, in the order of the reference
measured as (

    select
        metrics.*,
        case
            {% for metric in domain_metrics() + page_metrics() %}
            when {{ metric }} is not null then '{{ metric }}'
            {% endfor %}
        end as authority_metric,
        greatest(0, coalesce({{ (domain_metrics() + page_metrics()) | join(', ') }})) as metric_value
    from metrics

)

select
    measured.client_id,
    measured.refreshed_on,
    measured.referring_domain,
    hosts.parent_domain,
    round(
        authority_reference.authority_from
        + (least(measured.metric_value, authority_reference.value_to) - authority_reference.value_from)
        * (authority_reference.authority_to - authority_reference.authority_from)
        / (authority_reference.value_to - authority_reference.value_from),
        1
    ) as authority,
    split_part(measured.authority_metric, '_', 1) as authority_provider,
    measured.authority_metric,
    {% for metric in domain_metrics() + page_metrics() %}
    measured.{{ metric }},
    {% endfor %}
    cast(measured.traffic as bigint) as traffic,
    cast(measured.linked_domains as bigint) as linked_domains,
    measured.country,
    measured.language
from measured
left join hosts
    on measured.referring_domain = hosts.referring_domain
left join authority_reference
    on measured.authority_metric = authority_reference.metric
    and measured.metric_value >= authority_reference.value_from
    and (measured.metric_value < authority_reference.value_to or authority_reference.is_last)
