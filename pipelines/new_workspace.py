"""A new workspace: folders, one commented client file, and the schema that editors check it with."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.clients import client_json_schema
from warehouse.layout import Workspace
from warehouse.replacing import write_text

CLIENT_FILE = """\
# yaml-language-server: $schema=./client.schema.json
# One file a client, named <client_id>.yaml. Only client_id, sites and competitors are required.
client_id: example
name: Example Running
sites: [example.com]                      # the first is the main one; then aliases and old domains
competitors: [rival.com, foe.org, bar.co.uk/shoes/]   # a domain, a host, or host/path/
markets: {languages: [en], countries: [us, gb]}       # without markets no link counts as foreign
niche:
  description: Running shoes and training advice for everyday runners
  terms: [running shoes, trail running, marathon training]
brand_terms: [Example Running]
target_pages: []
refresh: {every_days: 75, earliest_days: 60, latest_days: 90}
gap: {min_competitors: 1}                 # how many competitors a site must link to before it is an open gap
quality: {blocked_domains: [], allowed_domains: [], thresholds: {}}   # rules and thresholds: see docs/quality-rules.md
priority: {weights: {}}                   # e.g. {authority: 40}; components: see docs/scores.md
"""


def create_workspace(workspace: Workspace) -> list[Path]:
    """Make the folders and files that are missing; existing ones are left as they are.

    Returns:
        What was made.
    """
    made = []
    files = {
        workspace.clients / "example.yaml": CLIENT_FILE,
        workspace.clients / "client.schema.json": json.dumps(client_json_schema(), indent=2) + "\n",
    }
    has_clients = any(workspace.clients.glob("*.yaml"))
    for path, text in files.items():
        if path.exists() or (path.suffix == ".yaml" and has_clients):
            continue
        write_text(path, text)
        made.append(path)
    inbox = workspace.inbox / "example"
    if not workspace.inbox.exists():
        inbox.mkdir(parents=True)
        made.append(inbox)
    return made
