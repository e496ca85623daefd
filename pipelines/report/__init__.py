"""Published tables → pages that a person reads.

Here is what one client's page and the list of clients show: `queries` and `quality` ask the published tables, one
function a panel; `checks` reads what the gates found; `page` puts the answers into `templates/` and writes one
self-contained file, without any address to load from.

Not here: what a gap, a score or a state is (`dbt_project`), and where the published file lies (`warehouse.layout`).
Nothing is counted in Python that SQL can count, so that a figure on a page and the same question put to the published
file never differ.

Read on in `queries` for what each panel shows, in `templates/client.html.jinja` for how it is told.
"""
