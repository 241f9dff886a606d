from __future__ import annotations

from pathlib import Path

import pytest

from jobsieve import config
from jobsieve.config import Settings
from jobsieve.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_any_source_everything_is_default(folder: Path) -> None:
    settings = config.load(environ={})
    assert settings == Settings()
    assert settings.server.port == 8000
    assert settings.origin("server.port") == "default"


def test_later_sources_win_and_every_key_knows_its_own(folder: Path) -> None:
    (folder / "jobsieve.toml").write_text(
        '[server]\nhost = "::1"\nport = 1\nthreads = 3\n', encoding="utf-8"
    )
    settings = config.load(
        environ={"JOBSIEVE_SERVER_PORT": "2", "JOBSIEVE_SERVER_THREADS": "4"},
        overrides={"server.threads": 5, "server.host": None},
    )
    assert (settings.server.host, settings.server.port, settings.server.threads) == ("::1", 2, 5)
    assert settings.origin("server.host") == "jobsieve.toml, line 2"
    assert settings.origin("server.port") == "environment variable JOBSIEVE_SERVER_PORT"
    assert settings.origin("server.threads") == "command line"
    assert settings.origin("log.level") == "default"


def test_a_flag_beats_the_variable_that_names_the_file(folder: Path) -> None:
    (folder / "a.toml").write_text("[server]\nport = 1\n", encoding="utf-8")
    (folder / "b.toml").write_text("[server]\nport = 2\n", encoding="utf-8")
    environ = {"JOBSIEVE_CONFIG": "a.toml"}
    assert config.load(environ=environ).server.port == 1
    assert config.load("b.toml", environ=environ).server.port == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[server]\n\nprot = 1\n",
            "f.toml, line 3: there is no setting server.prot; did you mean server.port?",
        ),
        (
            "[sever]\nport = 1\n",
            "f.toml, line 1: there is no section [sever]; did you mean [server]?",
        ),
        (
            'server.port = "80"\n',
            'f.toml, line 1: server.port must be a whole number from 0 to 65535, not "80"',
        ),
        (
            "[server]\nport = true\n",
            "f.toml, line 2: server.port must be a whole number from 0 to 65535, not true",
        ),
        (
            "[reload]\ninterval = nan\n",
            "f.toml, line 2: reload.interval must be a number of seconds above 0, at most 86400, not nan",
        ),
        (
            "[reload]\nport = 1\n[log]\nlevel = 1\n",
            "f.toml, line 2: there is no setting reload.port",
        ),
        (
            '[log]\nformat = "xml"\n',
            'f.toml, line 2: log.format must be one of "auto", "human", "json", not "xml"',
        ),
        ("log = 3\n", "f.toml, line 1: log is a section: write [log] on a line of its own"),
        ("[log\n", "f.toml is not valid TOML: expected ']'"),
    ],
)
def test_a_fault_in_the_file_is_named_with_place_and_remedy(
    folder: Path, text: str, message: str
) -> None:
    (folder / "f.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        config.load("f.toml", environ={})
    assert str(raised.value).startswith(message)


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no settings file f\.toml$"):
        config.load("f.toml", environ={})
    with pytest.raises(ConfigError, match=r"no settings file f\.toml \(named by JOBSIEVE_CONFIG\)"):
        config.load(environ={"JOBSIEVE_CONFIG": "f.toml"})
    with pytest.raises(ConfigError, match="can't read the settings file .*: Is a directory"):
        config.load(folder, environ={})
    (folder / "jobsieve.toml").write_bytes(b'[server]\nhost = "\xff"\n')
    with pytest.raises(ConfigError, match=r"jobsieve\.toml is not UTF-8 text: byte 17 "):
        config.load(environ={})


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "JOBSIEVE_SERVER_PROT",
            "1",
            "the environment sets JOBSIEVE_SERVER_PROT, which is no setting; "
            "did you mean JOBSIEVE_SERVER_PORT?",
        ),
        (
            "JOBSIEVE_SERVER_PORT",
            "tcp://10.0.0.1:80",
            "environment variable JOBSIEVE_SERVER_PORT: server.port must be a whole number "
            'from 0 to 65535, not "tcp://10.0.0.1:80"',
        ),
        (
            "JOBSIEVE_LOG_ACCESS",
            "maybe",
            'environment variable JOBSIEVE_LOG_ACCESS: log.access must be true or false, not "maybe"',
        ),
    ],
)
def test_a_fault_in_the_environment_is_named(
    folder: Path, variable: str, value: str, message: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        config.load(environ={variable: value})
    assert str(raised.value) == message


def test_an_unknown_flag_key_is_a_fault_of_the_caller(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"the command line: there is no setting server\.prot"):
        config.load(environ={}, overrides={"server.prot": 1})


def test_variables_that_are_not_meant_for_it_are_left_alone(folder: Path) -> None:
    environ = {
        "JOBSIEVE_PORT": "tcp://10.0.0.1:8000",
        "JOBSIEVE_PORT_8000_TCP_ADDR": "10.0.0.1",
        "JOBSIEVE_SERVICE_HOST": "10.0.0.1",
        "JOBSIEVE_TEST_REQUIRE_ALL": "1",
        "JOBSIEVE_STORE_URL": "",
        "HOME": "/",
    }
    assert config.load(environ=environ) == Settings()


def test_every_key_can_be_set_everywhere_and_is_explained(folder: Path) -> None:
    other: dict[str, tuple[str, object]] = {
        "store.url": ('"sqlite:///x"', "sqlite:///x"),
        "server.host": ('"::1"', "::1"),
        "server.port": ("1", 1),
        "server.unix_socket": ('"/run/x"', "/run/x"),
        "server.tls_certificate": ('"c.pem"', "c.pem"),
        "server.tls_key": ('"k.pem"', "k.pem"),
        "server.threads": ("2", 2),
        "server.max_connections": ("3", 3),
        "server.max_in_flight": ("4", 4),
        "server.max_body_bytes": ("4096", 4096),
        "server.header_timeout": ("5", 5.0),
        "server.body_timeout": ("6.5", 6.5),
        "server.drain_timeout": ("7", 7.0),
        "auth.classify_tokens": ('"a b"', "a b"),
        "auth.classify_tokens_file": ('"a"', "a"),
        "auth.inspect_tokens": ('"b"', "b"),
        "auth.inspect_tokens_file": ('"b"', "b"),
        "metrics.categories": ("9", 9),
        "reload.interval": ("0.05", 0.05),
        "reload.deadline": ("8", 8.0),
        "reload.last_good": ('"copy"', "copy"),
        "reload.on_error": ('"set_aside"', "set_aside"),
        "log.format": ('"json"', "json"),
        "log.level": ('"debug"', "debug"),
        "log.access": ("false", False),
        "log.decisions": ("0.5", 0.5),
        "analysis.lemmas": ('"off"', "off"),
        "analysis.lexemes": ('["T-SQL", "A+"]', ("T-SQL", "A+")),
        "analysis.lemma_overrides": ('{ sales = "sales" }', {"sales": "sales"}),
        "analysis.wordnet": ('"/usr/share/wordnet"', "/usr/share/wordnet"),
        "analysis.compounds": ("false", False),
        "analysis.max_text_bytes": ("500", 500),
        "analysis.too_long": ('"cut"', "cut"),
    }
    assert list(other) == list(config.keys())
    lines = [f"{key} = {text}" for key, (text, _) in other.items()]
    (folder / "f.toml").write_text("\n".join(lines), encoding="utf-8")
    environ = {config.keys()[key].variable: text.strip('"') for key, (text, _) in other.items()}
    expected = [(key, value) for key, (_, value) in other.items()]
    for settings in (
        config.load("f.toml", environ={}),
        config.load(environ=environ),
        config.load(environ={}, overrides=dict(expected)),
    ):
        found = [
            (key, getattr(getattr(settings, config.keys()[key].section), config.keys()[key].name))
            for key in other
        ]
        assert found == expected
        shown = {key: value for key, value, _, _ in settings.rows()}
        assert shown == dict(expected) | {
            "auth.classify_tokens": "***",
            "auth.inspect_tokens": "***",
        }
        assert all(origin != "default" and meaning for _, _, origin, meaning in settings.rows())
    assert all(key.expected for key in config.keys().values())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://ann:s3cret@db/rules", "mysql://ann:***@db/rules"),
        ("mysql://ann:s3/c@ret@db/rules", "mysql://ann:***@db/rules"),
        (
            "postgresql://db/rules?user=ann&password=s3cret&x=1",
            "postgresql://db/rules?user=ann&password=***&x=1",
        ),
        ("sqlite:///jobsieve.db", "sqlite:///jobsieve.db"),
    ],
)
def test_passwords_are_never_shown(folder: Path, url: str, shown: str) -> None:
    settings = config.load(environ={"JOBSIEVE_STORE_URL": url})
    assert settings.store.url == url
    assert config.masked(url) == shown
    assert f"url='{shown}'" in repr(settings)
    assert next(settings.rows())[:2] == ("store.url", shown)
