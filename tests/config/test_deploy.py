"""The examples of deploy/ hold what the portal relies on."""

import configparser
import json
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from django.conf import settings

from capture.sign_in import code_pictures

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("tucai-*.service"))
NGINX = (DEPLOY / "nginx.conf").read_text()
SANDBOX = {
    "NoNewPrivileges": "true",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "true",
    "PrivateTmp": "true",
    "PrivateDevices": "true",
    "ProtectProc": "invisible",
    "RestrictNamespaces": "true",
    "SystemCallFilter": "~@privileged",
}


INSTALL = (DEPLOY / "install.sh").read_text()
ENVIRONMENT = (DEPLOY / "environment.sh").read_text()


def names_in(text: str) -> set[str]:
    return set(re.findall(r"^([A-Z0-9_]+)=", text, re.M))


def test_the_installation_writes_every_variable_of_the_examples():
    written = names_in(ENVIRONMENT) | set(re.findall(r"write_address \S+ ([A-Z0-9_]+)", ENVIRONMENT))
    for example in DEPLOY.glob("*.env.example"):
        assert names_in(example.read_text()) <= written, example.name


def test_the_installation_asks_for_nothing_that_its_file_does_not_name():
    asked = set(re.findall(r"\$\(setting ([A-Z0-9_]+)\)", INSTALL + ENVIRONMENT))
    assert asked == names_in((DEPLOY / "install.conf.example").read_text())


def asks(words: str, **files: str) -> str:
    """What a function of environment.sh says to the settings of install.conf that differ from the example."""
    example = (DEPLOY / "install.conf.example").read_text()
    conf = re.sub(r"^(\w+)=.*$", lambda line: f"{line[1]}={files.get(line[1], '')}", example, flags=re.M)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(conf)
        file.flush()
        script = f'CONF={file.name}; . "{DEPLOY}/environment.sh"; {words}'
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


GIVEN = {"SITE": "photos.trial.test", "ADMIN": "lihua", "ADMIN_NAME": "李华"}


def test_the_installation_refuses_addresses_that_nobody_has():
    assert asks("check_settings", **GIVEN) == ""
    mailed = GIVEN | {"EMAIL_HOST": "mail", "ADMIN_EMAIL": "lihua@trial.test", "FROM": "photos@trial.test"}
    assert asks("check_settings", **mailed) == ""
    for name in ("FROM", "ADMIN_EMAIL"):
        assert f"{name} in " in asks("check_settings", **mailed | {name: "photos.trial.test"})
        assert "still the example" in asks("check_settings", **mailed | {name: "photos@example.edu.cn"})


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("postgresql://tucai_owner:x@127.0.0.1:5432/tucai", True),
        ("postgresql://tucai_owner:x@localhost/tucai", True),
        ("postgresql://tucai_owner:x@db.example.edu.cn:5432/tucai", False),
    ],
)
def test_a_further_machine_sets_up_no_database(tmp_path, address, is_here):
    (tmp_path / "owner").write_text(f"DATABASE_OWNER_URL={address}\n")
    assert asks(f"is_here {tmp_path}/owner && echo here") == ("here\n" if is_here else "")
    for part in ("start_databases", "make_database", "finish"):
        assert "is_here /etc/tucai-owner.env" in INSTALL.partition(f"\n{part}() {{")[2].partition("\n}")[0], part


@pytest.mark.parametrize("script", ["restore.sh", "container/restore.sh"])
@pytest.mark.parametrize("words", [["--help"], ["12"], ["latest", "x"], ["../etc"]])
def test_a_restore_that_is_mistyped_touches_nothing(script, words, tmp_path):
    (tmp_path / "docker").write_text("#!/bin/sh\necho touched\n")
    (tmp_path / "docker").chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    done = subprocess.run(
        ["sh", DEPLOY / script, *words], capture_output=True, text=True, env={"PATH": path}, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Usage: " in done.stderr


def test_the_database_stays_until_its_backup_is_whole_beside_it():
    restore = (DEPLOY / "restore.sh").read_text()
    order = [
        "restic snapshots",
        "systemctl stop",
        "trap gives_up EXIT",
        "pg_restore ",
        "RENAME TO $aside",
        "RENAME TO tucai",
    ]
    places = [restore.index(step) for step in order]
    assert places == sorted(places)


def blocks(start: str) -> list[str]:
    """The texts of the blocks of nginx.conf whose first line begins so; a block's braces are at the same depth."""
    return re.findall(rf"^( *){start}[^\n]*{{\n(.*?)^\1}}", NGINX, re.M | re.S)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_unit_is_sandboxed(unit):
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str
    parsed.read(unit)
    service = parsed["Service"]
    assert {name: service.get(name) for name in SANDBOX} == SANDBOX
    # The first repository of the backups lies on this machine, outside of the data.
    backups = " -/var/backups/tucai" if unit.name == "tucai-backup.service" else ""
    assert service["ReadWritePaths"] == "/var/lib/tucai" + backups
    assert "/etc/tucai-owner.env" in service["InaccessiblePaths"]
    assert "/opt/tucai/.git" in service["InaccessiblePaths"]
    reads_owner = "/etc/tucai-owner.env" in unit.read_text().replace(service["InaccessiblePaths"], "")
    assert reads_owner == (unit.name == "tucai-backup.service")
    # The timetable asks no database; only workers and backups sign in as who may become the system.
    assert ("/etc/tucai-workers.env" in service["InaccessiblePaths"]) == unit.name.startswith(
        ("tucai-web", "tucai-beat")
    )
    signs_in = re.findall(r"^EnvironmentFile=/etc/tucai-(web|workers).env$", unit.read_text(), re.M)
    assert signs_in == ["web" if unit.name.startswith(("tucai-web", "tucai-beat")) else "workers"]
    assert service["User"] == "tucai"
    assert "MemoryMax" in service
    assert "TasksMax" in service


def test_nginx_takes_requests_as_large_as_the_portal():
    assert f"client_max_body_size        {settings.REQUEST_MAX_BYTES >> 20}m;" in NGINX
    ((_indent, signs_in),) = blocks(re.escape("location ^~ /me/sign-in/"))
    assert f"client_max_body_size {(code_pictures.LARGEST >> 20) + 1}m;" in signs_in


def test_nginx_refuses_unknown_hosts():
    default = next(text for _indent, text in blocks("server") if "default_server" in text)
    assert "return 444;" in default
    assert "ssl_reject_handshake on;" in default


def test_nginx_limits_every_location_that_leads_to_the_portal():
    proxied = [text for _indent, text in blocks("location") if "proxy_pass" in text]
    assert len(proxied) == 4
    assert all("limit_req zone=" in text for text in proxied)
    for setting in ("client_header_timeout", "client_body_timeout", "send_timeout", "limit_conn tucai_connections"):
        assert setting in NGINX


def test_private_files_have_the_headers_that_nginx_drops():
    ((_indent, private),) = blocks("location /private/")
    assert "internal;" in private
    for name in (
        "X-Content-Type-Options",
        "X-Frame-Options",
        "Referrer-Policy",
        "Content-Security-Policy",
        "Strict-Transport-Security",
        "Cross-Origin-Opener-Policy",
    ):
        assert re.search(rf"add_header {name} .* always;", private), name
    assert "frame-ancestors 'none'" in private
    assert "autoindex" not in NGINX


def test_nginx_speaks_only_modern_tls_and_sends_no_program_on_to_it():
    # Outside of the servers: nginx takes the protocols of the default server for every name.
    for setting in ("ssl_protocols TLSv1.2 TLSv1.3", "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20", "server_tokens off"):
        assert re.findall(rf"^ *{re.escape(setting)};", NGINX, re.M) == [f"{setting};"]
    plain = next(text for _indent, text in blocks("server") if "listen 80;" in text)
    assert re.findall(r"location (/\S+) +{ return 403; }", plain) == ["/api/", "/pay/notify/"]


def test_nginx_says_a_sentence_where_no_web_answers_or_its_disk_is_full():
    """A full disk and a dead web are tried in deploy/trial; the camera keeps the photo of a 503 with Retry-After."""
    assert re.search(r"error_page 500 502 504 =503 \$tucai_away;", NGINX)
    away = [text for _indent, text in blocks("location = /away/")]
    assert len(away) == 2
    assert all("internal;" in text and "Retry-After 30 always" in text and "return 503 '" in text for text in away)
    (program,) = re.findall(r"application/json;.*?return 503 '(.+?)';", away[1], re.S)
    assert json.loads(program).keys() == {"error"}


def written(folder: Path, **lines: str) -> str:
    """What deploy/environment.sh makes of nginx.conf, of a tucai.env with these lines."""
    (folder / "tucai.env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    script = ". deploy/environment.sh; SITE=photos.house.test; nginx_configuration /c.pem /c.key $1/tucai.env 10.0.0.53"
    command = ["/bin/sh", "-euc", script, "sh", str(folder)]
    return subprocess.run(command, cwd=DEPLOY.parent, capture_output=True, text=True, check=True).stdout


def test_nginx_sends_private_files_from_the_folder_or_from_the_bucket(tmp_path):
    folder = written(tmp_path, S3_BUCKET="")
    assert "alias /var/lib/tucai/files/;" in folder
    assert "ssl_certificate_key /c.key;" in folder
    assert "alias /srv/shared/files/;" in written(tmp_path, MEDIA_ROOT="/srv/shared/files")
    assert "example.edu.cn" not in folder
    bucket = {"S3_BUCKET": "photos", "S3_ENDPOINT": "https://s3.house.test:9000/prefix"}
    for addressing, host in (("path", "s3.house.test:9000"), ("virtual", "photos.s3.house.test:9000")):
        found = written(tmp_path, **bucket, S3_ADDRESSING=addressing)
        assert f"proxy_pass https://{host}$file_address;" in found
        assert f"proxy_set_header Host {host};" in found
        assert "resolver 10.0.0.53 " in found
        assert "alias" not in found
        assert found.count("{") == found.count("}")
        assert "example.edu.cn" not in found
    # A service that leads elsewhere leads nobody.
    assert re.search(r"error_page 301 302 303 307 308 .*= @no_storage;", found)


def test_an_update_names_each_queue_to_a_worker():
    (listed,) = re.findall(r"for queue in (.+); do", INSTALL)
    taken = ",".join(re.findall(r"printf 'QUEUES=(\S+?)\\n", INSTALL))
    assert sorted(listed.split()) == sorted(taken.split(","))
