"""Published tables → files to work with in other tools: spreadsheets, outreach tools, a CRM.

Here is what is handed over of each client: four lists, each as a CSV file and as a sheet of one workbook. What a list
holds is one query, `<list>.sql` in this folder, which anybody can run on the client's own published file; `cells` makes
a text from the web safe for a spreadsheet, `files` writes.

Not here: what is shown (`pipelines.report`), and what a score or a rank is (`dbt_project`). Python computes no figure.

Read on in `files`.
"""
