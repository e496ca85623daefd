with link_rows as (

    select distinct source_host as host from {{ ref('int_link_rows') }}

),

domain_rows as (

    select distinct host from {{ ref('int_domain_rows') }}

),

mention_rows as (

    select distinct source_host as host from {{ ref('int_mention_rows') }}

),

outreach_rows as (

    select distinct host from {{ ref('int_outreach_rows') }}

),

public_suffixes as (

    select * from {{ source('reference', 'public_suffixes') }}

),

platform_suffixes as (

    select * from {{ ref('platform_suffixes') }}

),

hosts as (

    select host
    from link_rows
    where host is not null and host != ''

    union

    select host
    from domain_rows
    where host is not null and host != ''

    union

    select host
    from mention_rows
    where host is not null and host != ''

    union

    select host
    from outreach_rows
    where host is not null and host != ''

),

labelled as (

    select
        host,
        string_split(host, '.') as labels,
        len(string_split(host, '.')) as label_count,
        regexp_matches(host, '^\[|(^|\.)([0-9]+|0x[0-9a-f]*)$') as is_ip
    from hosts

),

-- every ending of a host, from one label to all of them
endings as (

    select
        host,
        labels,
        label_count,
        unnest(range(1, label_count + 1)) as ending_labels
    from labelled
    where not is_ip

),

endings_written as (

    select
        host,
        ending_labels,
        array_to_string(labels[label_count - ending_labels + 1:], '.') as ending,
        array_to_string(labels[label_count - ending_labels + 2:], '.') as ending_parent
    from endings

),

suffixes as (

    select
        suffix,
        suffix_kind,
        is_private
    from public_suffixes

    union all

    select
        suffix,
        'normal' as suffix_kind,
        true as is_private
    from platform_suffixes

),

-- a wildcard rule takes one label more than it names, an exception rule one less
matches as (

    select
        endings_written.host,
        endings_written.ending_labels as suffix_labels,
        false as is_exception,
        suffixes.is_private
    from endings_written
    inner join suffixes
        on endings_written.ending = suffixes.suffix
    where suffixes.suffix_kind = 'normal'

    union all

    select
        endings_written.host,
        endings_written.ending_labels as suffix_labels,
        false as is_exception,
        suffixes.is_private
    from endings_written
    inner join suffixes
        on endings_written.ending_parent = suffixes.suffix
    where suffixes.suffix_kind = 'wildcard'

    union all

    select
        endings_written.host,
        endings_written.ending_labels - 1 as suffix_labels,
        true as is_exception,
        suffixes.is_private
    from endings_written
    inner join suffixes
        on endings_written.ending = suffixes.suffix
    where suffixes.suffix_kind = 'exception'

),

-- an exception beats every other rule, else the longest suffix wins; an unlisted ending counts as a suffix of one label
longest as (

    select
        host,
        coalesce(
            max(suffix_labels) filter (is_exception),
            max(suffix_labels),
            1
        ) as suffix_labels,
        coalesce(
            max(suffix_labels) filter (is_exception and not is_private),
            max(suffix_labels) filter (not is_private),
            1
        ) as public_suffix_labels
    from matches
    group by host

)

select
    labelled.host,
    case
        when labelled.is_ip then labelled.host
        else array_to_string(
            labelled.labels[greatest(1, labelled.label_count - coalesce(longest.suffix_labels, 1)):], '.'
        )
    end as referring_domain,
    case
        when labelled.is_ip then labelled.host
        else array_to_string(
            labelled.labels[greatest(1, labelled.label_count - coalesce(longest.public_suffix_labels, 1)):], '.'
        )
    end as parent_domain,
    labelled.is_ip,
    not labelled.is_ip and coalesce(labelled.label_count <= longest.suffix_labels, false) as is_suffix,
    -- underscores and stray hyphens occur in hosts that answer; empty or overlong labels cannot
    labelled.is_ip
    or (
        length(labelled.host) <= 253
        and regexp_full_match(labelled.host, '([a-z0-9_-]{1,63}\.)+([a-z]{2,63}|xn--[a-z0-9-]{1,59})')
    ) as is_possible
from labelled
left join longest
    on labelled.host = longest.host
