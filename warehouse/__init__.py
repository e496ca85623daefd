"""Where data lies: folders, archive, connections with the writer's lock, publication.

Here is everything that touches a file of a workspace. What the bytes mean is not known here (`pipelines.exports`), nor
what a row is worth (`dbt_project`). Read on in README.md of this folder for what may be deleted.
"""
