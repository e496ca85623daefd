{#
    URL identity, as the contract's section 1 says it: scheme, user info, default ports, trailing dot, fragment and
    tracking parameters make no difference; order, case, percent-encoding and trailing slash of path and query do.

    Each macro takes an SQL expression and gives one. Plain string functions stand where a regular expression would do:
    over millions of rows they take about half its time.
#}

{# The URL without blanks around it and without its fragment. Trimming costs most, and hardly any URL needs it. #}
{% macro url_without_fragment(url) -%}
    case
        when starts_with({{ url }}, 'http') and not regexp_matches({{ url }}, '[^!-~]$')
            then case when contains({{ url }}, '#') then split_part({{ url }}, '#', 1) else {{ url }} end
        else split_part(trim({{ url }}, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(65279)), '#', 1)
    end
{%- endmacro %}

{# What follows `http://`, `https://` or `//`, or the text itself where it has no scheme; null for other schemes. #}
{% macro url_after_scheme(url) -%}
    case
        when starts_with({{ url }}, 'https://') then substr({{ url }}, 9)
        when starts_with({{ url }}, 'http://') then substr({{ url }}, 8)
        when regexp_matches({{ url }}, '^(?i:https?):?//') then regexp_replace({{ url }}, '^(?i:https?):?//', '')
        when starts_with({{ url }}, '//') then substr({{ url }}, 3)
        when regexp_matches({{ url }}, '^[A-Za-z][A-Za-z0-9+.-]*://') then null
        when regexp_matches({{ url }}, '^[A-Za-z][A-Za-z0-9+-]*:[^0-9/]') then null
        else {{ url }}
    end
{%- endmacro %}

{# User info, host and port: everything up to the path or query. #}
{% macro url_authority(after_scheme) -%}
    split_part(split_part({{ after_scheme }}, '/', 1), '?', 1)
{%- endmacro %}

{# Host in lower case as written, without user info, port and trailing dot. #}
{% macro url_host(authority) -%}
    rtrim(
        case
            when contains({{ authority }}, '[') then lower(regexp_extract({{ authority }}, '(\[[^\]]*\])', 1))
            when contains({{ authority }}, '@')
                then lower(split_part(regexp_replace({{ authority }}, '^.*@', ''), ':', 1))
            when contains({{ authority }}, ':') then lower(split_part({{ authority }}, ':', 1))
            else lower({{ authority }})
        end,
        '.'
    )
{%- endmacro %}

{# `:8080`, or nothing for no port and the two default ones. #}
{% macro url_port(authority) -%}
    case
        when not contains({{ authority }}, ':') then ''
        else coalesce(nullif(nullif(nullif(regexp_extract({{ authority }}, '(:[0-9]*)$', 1), ':80'), ':443'), ':'), '')
    end
{%- endmacro %}

{# Path and query without tracking parameters; `/` for an empty path. #}
{% macro url_tail(after_scheme, authority) -%}
    {%- set tail = "substr(" ~ after_scheme ~ ", length(" ~ authority ~ ") + 1)" -%}
    case
        when {{ tail }} = '' then '/'
        when not contains({{ tail }}, '?') then {{ tail }}
        else {{ path_with_query("split_part(" ~ tail ~ ", '?', 1)", "substr(" ~ tail ~ ", strpos(" ~ tail ~ ", '?') + 1)") }}
    end
{%- endmacro %}

{% macro path_with_query(path, query) -%}
    (case when {{ path }} = '' then '/' else {{ path }} end)
    || coalesce('?' || nullif({{ query_without_tracking(query) }}, ''), '')
{%- endmacro %}

{# Names compare without case; the other parameters keep order and spelling. #}
{% macro query_without_tracking(query) -%}
    {%- set names = "utm_[^=&]*|gclid|fbclid|msclkid|mc_cid|mc_eid|igshid|_ga" -%}
    case
        when not regexp_matches({{ query }}, '(?i)(^|&)({{ names }})(=|&|$)') then {{ query }}
        else array_to_string(
            list_filter(
                string_split({{ query }}, '&'),
                lambda parameter: not regexp_full_match(lower(split_part(parameter, '=', 1)), '{{ names }}')
            ),
            '&'
        )
    end
{%- endmacro %}

{# Path alone, of a tail. #}
{% macro path_of(tail) -%}
    split_part({{ tail }}, '?', 1)
{%- endmacro %}

{#
    CTEs `split`, `hosts` and `punycoded` over `trimmed`: what follows the scheme (`rest`) taken apart into `host` (in
    punycode), `port` and `tail`. The CTEs `trimmed` and `unicode_hosts` must stand before it.
#}
{% macro url_parts(rest) -%}
split as (

    select
        *,
        {{ url_authority(rest) }} as authority
    from trimmed

),

hosts as (

    select
        *,
        {{ url_host('authority') }} as host_written,
        {{ url_port('authority') }} as port,
        {{ url_tail(rest, 'authority') }} as tail
    from split

),

punycoded as (

    select
        hosts.*,
        coalesce(unicode_hosts.punycode_host, hosts.host_written) as host
    from hosts
    left join unicode_hosts
        on hosts.host_written = unicode_hosts.host

)
{%- endmacro %}

{# A 64-bit key of a normalised URL. Pages and targets are joined in pairs of them (128 bits), within one run only. #}
{% macro url_key(text) -%}
    hash({{ text }})
{%- endmacro %}

{# Whether a host and path lie inside a site: that host and all below it, or that host's URLs under the site's path. #}
{% macro is_inside_site(host, path, site_host, site_path) -%}
    (
        case
            when {{ site_path }} = ''
                then {{ host }} = {{ site_host }} or ends_with({{ host }}, '.' || {{ site_host }})
            else {{ host }} = {{ site_host }} and starts_with({{ path }} || '/', {{ site_path }})
        end
    )
{%- endmacro %}

{# How narrow a site is: of the sites that contain a URL, the narrowest owns it. #}
{% macro site_specificity(sites) -%}
    length({{ sites }}.site_host) * 10000 + length({{ sites }}.site_path)
{%- endmacro %}

{# Whether a URL is that of a picture. #}
{% macro is_picture(url) -%}
    regexp_matches(lower({{ url }}), '\.(jpe?g|png|gif|webp|svg|bmp|ico|avif)($|[?#])')
{%- endmacro %}

{#
    Whether a whole segment of the path, or a whole parameter of the query, is the name of the linked site. Pages of
    opinions, wikis and news (`/review/example.com`) name it, too, and are written by people; so do parameters that say
    where a visitor came from (`?ref=example.com`).
#}
{% macro names_target(tail, target_name) -%}
    (
        regexp_matches(
            regexp_replace(lower({{ tail }}), '[?&](ref|via|source|src|from|referr?er)=[^&#]*', '', 'g'),
            '(^|[/=])((https?(:|%3a))?(/|%2f){0,2})(www\.)?' || regexp_escape({{ target_name }}) || '(/|\.html?|$|[?&#])'
        )
        and not regexp_matches(lower({{ tail }}), '/(reviews?|bewertung(en)?|avis|opiniones|recensioni|opinie|wiki|tags?|topics?|news|compan(y|ies)|brands?)/')
    )
{%- endmacro %}
