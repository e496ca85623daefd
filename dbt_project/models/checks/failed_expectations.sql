{{ config(materialized='statements') }}

{#-
    The expectations of all published tables (`tests/generic/expectations.sql`), read from their ymls and checked in one node:
    as dbt tests they would be one node a table. One statement a table, because all in one would hold the keys of all tables
    in memory at once. `dbt test` runs the same expectations as tests.
-#}
{% set tables = [
    'authority_history', 'changes', 'clients', 'competitor_assets', 'competitor_candidates', 'coverage',
    'coverage_estimates', 'decisions', 'export_files', 'gap_cohorts', 'gap_pages', 'gap_progress', 'gap_segments',
    'gap_snapshots', 'gaps', 'kpi_values', 'kpis', 'link_matrix', 'link_survival', 'links', 'lost_links',
    'mention_counts', 'opportunities', 'outreach_attempts', 'outreach_backtests', 'outreach_log', 'outreach_results',
    'pages_to_check', 'referring_domain_growth', 'referring_domain_growth_bands', 'referring_domains', 'refreshes',
    'rejected_domains', 'rejected_rows', 'serp_comparisons', 'serp_movements', 'underused_communities',
    'unlinked_mentions',
] %}
{% set relations = {} %}
{% for table in tables %}{% set _ = relations.update({table: ref(table)}) %}{% endfor %}

select
    cast(null as varchar) as table_name,
    cast(null as varchar) as client_id,
    cast(null as date) as refreshed_on,
    cast(null as varchar) as expectation,
    cast(null as bigint) as row_count,
    cast(null as varchar) as example
where false
{%- for table in tables if execute %}

{{ next_statement() }}

select
    '{{ table }}' as table_name,
    client_id,
    refreshed_on,
    expectation,
    count(*) as row_count,
    min(example) as example
from (
{{ expectations_of(table, relations) }}
) as failing
group by client_id, refreshed_on, expectation
{%- endfor %}
