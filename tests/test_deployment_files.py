"""The files in deploy/: what they start exists, what they set is known, and what they ship is enough to run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.cli import Service
from pipelines.instance import InstanceSettingsError, service_command, write_instance_settings
from warehouse.layout import CHECKOUT, cache_folder

DEPLOY = CHECKOUT / "deploy"
UNITS = DEPLOY / "systemd"
DOCUMENT = CHECKOUT / "docs" / "deployment.md"
INSTALLED_AT = "/opt/linkgap"
URL = "postgresql://linkgap:secret@127.0.0.1:5432/linkgap"
LINKGAP = str(Path(sys.executable).parent / "linkgap")


@pytest.fixture
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def instructions(name: str) -> list[str]:
    """The instructions of a Dockerfile of that name, with their continuation lines."""
    lines = [line for line in (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [line.split(maxsplit=1)[1] for line in joined if line.startswith(f"{name} ")]


def complaint(command: list[str]) -> str:
    """What a command says of its options, '' where it knows them: help is printed only after all were read."""
    return _complaint(tuple(command))


@cache
def _complaint(command: tuple[str, ...]) -> str:
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (not done.stderr), done.stderr
    return done.stderr


def served(command: list[str]) -> list[str]:
    """The Dagster command that `[linkgap] serve SERVICE OPTIONS…` becomes."""
    words = command[1:] if command[0] == "linkgap" else command
    assert words[0] == "serve"
    return [*service_command(words[1]), *words[2:]]


@pytest.mark.parametrize("service", Service)
def test_a_service_is_a_command_that_dagster_knows(service: Service) -> None:
    """Else a service ends at once, on somebody's server."""
    assert complaint(service_command(service)) == ""


def test_an_option_that_dagster_does_not_know_would_be_seen() -> None:
    """Else the other tests here could not fail."""
    assert "No such option '--no-such-option'" in complaint([*service_command("webserver"), "--no-such-option"])


def test_a_service_without_a_workspace_says_so_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [LINKGAP, "serve", "daemon"],
        env={**os.environ, "LINKGAP_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"linkgap: {tmp_path}: no workspace, it has no folder clients/; run `linkgap init` or set LINKGAP_HOME\n"
    )


def unit(name: str) -> dict[str, list[str]]:
    """Every setting of a unit file, by its name."""
    settings: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            settings.setdefault(key, []).append(value)
    return settings


def test_units_start_what_there_is_and_write_where_they_may() -> None:
    settings = unit("linkgap@.service")
    (start,) = settings["ExecStart"]
    program, verb, instance = shlex.split(start)
    assert Path(program).is_relative_to(INSTALLED_AT)
    assert os.access(CHECKOUT / Path(program).relative_to(INSTALLED_AT), os.X_OK)
    assert (verb, instance) == ("serve", "%i")
    started = re.findall(r"linkgap@(\w+)\.service", " ".join(unit("linkgap.target")["Wants"]))
    assert sorted(started) == sorted(Service)
    # everything else is read-only for the services
    assert settings["ProtectSystem"] == ["strict"]
    environment = dict(word.split("=", 1) for word in shlex.split(settings["Environment"][0]))
    assert environment["LINKGAP_HOME"] == f"/var/lib/{settings['StateDirectory'][0]}"
    assert environment["LINKGAP_CACHE"] == f"/var/cache/{settings['CacheDirectory'][0]}"


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """Else a misspelt setting would be ignored, and what it should protect stays open."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine (Debian: apt-get install systemd)")
    template = (UNITS / "linkgap@.service").read_text(encoding="utf-8").replace(INSTALLED_AT, str(CHECKOUT))
    target = (UNITS / "linkgap.target").read_text(encoding="utf-8")

    def verified(text: str) -> tuple[int, str]:
        for service in Service:
            (tmp_path / f"linkgap@{service}.service").write_text(text, encoding="utf-8")
        (tmp_path / "linkgap.target").write_text(target, encoding="utf-8")
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *sorted(map(str, tmp_path.iterdir()))],
            env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
            capture_output=True,
            text=True,
            check=False,
        )
        # the machine's own units are verified with them
        return done.returncode, "\n".join(line for line in done.stderr.splitlines() if "linkgap" in line)

    assert verified(template) == (0, "")
    assert "Unknown key" in verified(template.replace("ProtectSystem=", "ProtectSystm="))[1]
    assert verified(template.replace(".venv/bin/linkgap", ".venv/bin/no-such-program"))[0] != 0


def test_compose_starts_what_there_is(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"postgres", *Service}
    for service in Service:
        assert services[service]["command"][:2] == ["serve", service]
        assert complaint(served(services[service]["command"])) == ""
        for needed in services[service]["depends_on"]:
            assert "healthcheck" in services[needed], f"{service} waits until {needed} is healthy"
    # what the daemon and the webserver look for is where the code server listens
    environment = services["webserver"]["environment"]
    assert environment["LINKGAP_CODE_HOST"] in services
    assert services["code"]["command"][-2:] == ["--port", "4000"] and "LINKGAP_CODE_PORT" not in environment
    # the UI asks nobody who they are
    assert services["webserver"]["ports"] == ["127.0.0.1:3000:3000"]
    assert compose["x-linkgap"]["build"] == {"context": "..", "dockerfile": "deploy/Dockerfile"}


def test_health_checks_are_commands_that_exist(compose: dict[str, Any]) -> None:
    for service in ("code", "daemon"):
        kind, program, *arguments = compose["services"][service]["healthcheck"]["test"]
        assert kind == "CMD"
        assert complaint([str(Path(sys.executable).parent / program), *arguments]) == ""


def test_images_and_packages_are_pinned(compose: dict[str, Any]) -> None:
    """Else two builds of one version differ."""
    images = [*instructions("FROM"), compose["services"]["postgres"]["image"]]
    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-[a-z-]+", image) for image in images), images
    version = re.search(r'^version = "(.+)"$', (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    assert version and compose["x-linkgap"]["image"] == f"linkgap:{version.group(1)}"
    installs = [words for run in instructions("RUN") for words in run.split("&&") if "pip install" in words]
    assert installs
    for install in installs:
        assert "--no-cache-dir" in install and "--no-deps" in install
        assert "--require-hashes -r requirements.lock" in install or install.rstrip().endswith("-e .")


def test_the_image_runs_as_nobody_special_and_starts_the_webserver() -> None:
    (user,) = instructions("USER")
    assert user != "root" and f" {user}" in instructions("RUN")[-1]
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["linkgap"]
    assert complaint(served(json.loads(instructions("CMD")[0]))) == ""
    assert re.search(r'CMD \["python", "-c", .*/server_info', instructions("HEALTHCHECK")[0])


def copied() -> dict[str, str]:
    """What the image gets from the checkout: source → destination."""
    places = [words.split() for words in instructions("COPY")]
    return {
        source: source if target == "./" else target.removeprefix("./")
        for *sources, target in places
        for source in sources
    }


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    """Else the build fails, or a workspace in the checkout goes into an image."""
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and line[0] != "#"]
    assert patterns[0] == "*"
    assert {line[1:].removesuffix("/*.py") for line in patterns if line[0] == "!"} == set(copied())
    assert "!warehouse/*.py" in patterns
    assert "**/__pycache__" in patterns
    # Docker takes a trailing slash away, and then would leave out files, too
    assert not any(line.endswith("/") for line in patterns)


def test_what_the_image_holds_is_enough_to_load_the_definitions(tmp_path: Path) -> None:
    """Else a file that linkgap needs is missing, and the code server does not start."""

    def all_but_code(_: str, names: list[str]) -> list[str]:
        return [name for name in names if not name.endswith(".py")]

    left_out = shutil.ignore_patterns("__pycache__", "target", "logs")
    for source, target in copied().items():
        path, place = CHECKOUT / source, tmp_path / target
        if path.is_dir():
            shutil.copytree(path, place, ignore=left_out if source != "warehouse" else all_but_code)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    code = """
        import pipelines.definitions as loaded
        print(loaded.__file__, len(loaded.defs.resolve_asset_graph().get_all_asset_keys()))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path,
        # the same files are not parsed again; where one is missing, they are
        env={**os.environ, "PYTHONPATH": str(tmp_path), "LINKGAP_CACHE": str(cache_folder())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    module, assets = done.stdout.split()
    assert Path(module).is_relative_to(tmp_path)
    assert int(assets) > 50
    assert (tmp_path / "deploy" / "workspace.yaml").is_file()


def test_every_variable_is_documented(compose: dict[str, Any]) -> None:
    """Else whoever deploys must read the files to know what to set."""
    document = DOCUMENT.read_text(encoding="utf-8")
    files = [*(path for path in DEPLOY.rglob("*") if path.is_file()), CHECKOUT / "pipelines" / "dagster_postgres.yaml"]
    names = {name for path in files for name in re.findall(r"\bLINKGAP_[A-Z_]+", path.read_text(encoding="utf-8"))}
    code = [path for folder in ("pipelines", "warehouse") for path in (CHECKOUT / folder).rglob("*.py")]
    read = {
        name
        for path in code
        for name in re.findall(r"""environ(?:\.get\(|\[)["'](LINKGAP_[A-Z_]+)""", path.read_text(encoding="utf-8"))
    }
    assert {"LINKGAP_POSTGRES_URL", "LINKGAP_POSTGRES_PASSWORD", "LINKGAP_WORKSPACE"} <= names
    assert {"LINKGAP_HOME", "LINKGAP_INBOX", "LINKGAP_CACHE"} <= read
    assert {name for name in names | read if f"`{name}`" not in document} == set()


def test_settings_of_the_instance_follow_the_version_until_somebody_changes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else new settings never reach an old workspace, or linkgap undoes what somebody decided."""
    monkeypatch.delenv("LINKGAP_POSTGRES_URL", raising=False)
    path = tmp_path / "dagster.yaml"
    write_instance_settings(tmp_path)
    written = path.read_text(encoding="utf-8")
    assert yaml.safe_load(written)["telemetry"] == {"enabled": False}

    # what the first version wrote, and what a version with other settings would have written
    path.write_text(
        "# Written by linkgap. Nothing is sent anywhere.\ntelemetry:\n  enabled: false\nnux:\n  enabled: false\n",
        encoding="utf-8",
    )
    write_instance_settings(tmp_path)
    assert path.read_text(encoding="utf-8") == written

    changed = written.replace("nux:\n  enabled: false", "nux:\n  enabled: true")
    path.write_text(changed, encoding="utf-8")
    monkeypatch.setenv("LINKGAP_POSTGRES_URL", URL)
    write_instance_settings(tmp_path)
    assert path.read_text(encoding="utf-8") == changed


def test_a_workspace_in_postgresql_stays_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a command from another shell begins a second history."""
    path = tmp_path / "dagster.yaml"
    monkeypatch.setenv("LINKGAP_POSTGRES_URL", URL)
    write_instance_settings(tmp_path)
    written = path.read_text(encoding="utf-8")
    assert yaml.safe_load(written)["storage"] == {"postgres": {"postgres_url": {"env": "LINKGAP_POSTGRES_URL"}}}
    monkeypatch.setenv("LINKGAP_POSTGRES_URL", "")
    with pytest.raises(InstanceSettingsError, match=r"dagster\.yaml: .*LINKGAP_POSTGRES_URL is not set; set it"):
        write_instance_settings(tmp_path)
    assert path.read_text(encoding="utf-8") == written


def test_an_address_that_is_none_is_refused_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKGAP_POSTGRES_URL", "postgres://linkgap:secret@db/linkgap")
    with pytest.raises(InstanceSettingsError, match=r"expected postgresql://user:password@") as caught:
        write_instance_settings(tmp_path)
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "dagster.yaml").exists()
