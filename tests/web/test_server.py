"""Starting the dashboard: addresses, ports, options that protect the data."""

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from errors import SettingsError
from tests.browser.conftest import free_port, start_server, stop_server
from ui import theme
from web import server

ROOT = Path(__file__).parents[2]
START = """
import sys
from web import server
server.serve(sys.argv[1], int(sys.argv[2]), with_worker=False)
"""
ASK = """
import sys, urllib.request as r
print(r.urlopen(r.Request(sys.argv[1], headers={"Accept": "text/html"})).status)
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.invalid", "::"])  # noqa: S104
def test_only_this_machine_may_ask_until_there_are_accounts(host):
    """Without accounts everybody who reaches the server sees everything."""
    with pytest.raises(SettingsError, match="本机"):
        server.serve("sqlite://", 0, host)


def test_a_taken_port_is_one_clear_sentence():
    """The usual mistake: it runs already."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            server.serve("sqlite://", port)
    assert str(caught.value) == f"端口 {port} 已被占用，请用 --port 另选一个"


def test_an_option_that_was_changed_stops_the_start(monkeypatch):
    """A file in somebody's home folder must not open what we closed."""
    from streamlit import config

    server.configure(8501)
    server.check_options()
    real = config.get_option
    for name, value in server.REQUIRED_OPTIONS.items():
        other = [] if value != [] else ["x"]
        monkeypatch.setattr(
            config, "get_option", lambda n, k=name, o=other: o if n == k else real(n)
        )
        with pytest.raises(SettingsError, match=name):
            server.check_options()


def test_the_options_that_protect_the_data_are_among_the_checked():
    """The list of the threat analysis, word by word."""
    checked = server.REQUIRED_OPTIONS
    assert checked["server.enableXsrfProtection"] is True
    assert checked["server.enableCORS"] is True
    assert checked["server.enableAgentApi"] is False
    assert checked["server.enableStaticServing"] is False
    assert checked["client.allowedOrigins"] == []
    assert checked["client.showErrorDetails"] == "none"
    assert checked["browser.gatherUsageStats"] is False
    assert {"server.allowedHosts", "server.maxUploadSize"} <= set(checked)


def test_streamlit_still_knows_the_option_that_carries_the_identity():
    """It is an undocumented option; a new version may drop it silently."""
    from streamlit.web.server.starlette.starlette_websocket import gather_user_info

    class Headers:
        def getlist(self, name):
            return {"x-medpatrol-user": ["li"], "x-medpatrol-session": ["s1"]}.get(name.lower(), [])

    server.configure(8501)
    assert gather_user_info(Headers()) == {"user": "li", "session": "s1"}


def test_streamlit_still_refuses_a_session_id_that_is_another_persons():
    """With the id alone one could else take over a colleague's open page and all it holds."""
    from streamlit.runtime.app_session import AppSession

    class Held:
        def __init__(self):
            self._user_info_lock = threading.Lock()
            self._resumable = True
            self._user_info = {"user": "li", "session": "s1"}

    assert AppSession.matches_user_info(Held(), {"user": "li", "session": "s1"})
    for other in ({"user": "wang", "session": "s2"}, {"user": "li", "session": "s2"}, {}):
        assert not AppSession.matches_user_info(Held(), other)


def test_the_configuration_file_says_what_the_code_says():
    """The file is for those who start Streamlit by hand; it must not drift."""
    assert theme.CONFIG_FILE.read_text("utf-8") == theme.config_text()


def test_a_second_start_shows_the_first_page_within_five_seconds(tmp_path):
    """From the command to an answered page, in any folder, with the address said."""
    port = free_port()
    command = [sys.executable, "-c", START, f"sqlite:///{tmp_path}/s.sqlite", str(port)]
    started = time.monotonic()
    process = start_server(command, port=port, log=tmp_path / "log")
    try:
        answer = subprocess.run(
            [sys.executable, "-c", ASK, f"http://localhost:{port}/"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stdout.strip() == "200"
        assert time.monotonic() - started < 5
        said = (tmp_path / "log").read_text("utf-8").strip().splitlines()
        assert said[0] == f"MedPatrol 医巡: http://localhost:{port}"
        # nobody has an account yet: one code each for two administrators
        assert len(said) == 3
    finally:
        stop_server(process)
