with links as (

    select * from {{ ref('int_links_quoted') }}

),

refreshes as (

    select
        client_id,
        refreshed_on,
        {{ brand_names('brand_terms') }} as brand_names
    from {{ source('ledger', 'refreshes') }}
    -- without a niche there is nothing to be near to
    where is_in_run and (len(niche_terms) > 0 or niche_description != '')

),

spaced as (

    select
        links.client_id,
        links.refreshed_on,
        links.file_number,
        links.row_number,
        refreshes.brand_names,
        {{ spaced_words(
            "concat_ws(
                ' ',
                -- the words of the path where there is no title; the host is a name
                coalesce(
                    left(nullif(trim(links.title), ''), 300),
                    left(regexp_replace(regexp_replace(links.source_url, '^([a-zA-Z]+:)?//', ''), '^[^/]*', ''), 200)
                ),
                -- an address as anchor tells where the link leads
                case
                    when not regexp_matches(links.anchor, '^\\s*\\S*(://|www\\.|\\.[a-z]+/)\\S*\\s*$')
                        then left(links.anchor, 200)
                end,
                right(links.left_context, 200),
                left(links.right_context, 200)
            )"
        ) }} as words
    from links
    inner join refreshes
        on links.client_id = refreshes.client_id
        and links.refreshed_on = refreshes.refreshed_on

),

named as (

    select
        * exclude (brand_names),
        {{ without_names('words', 'brand_names') }} as other_words
    from spaced

),

worded as (

    select
        client_id,
        refreshed_on,
        file_number,
        row_number,
        {{ distinct_words('other_words') }} as words
    from named

)

select
    client_id,
    refreshed_on,
    file_number,
    row_number,
    {{ text_key('words') }} as text_key,
    words
from worded
