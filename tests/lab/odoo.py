"""A real Odoo 19 on loopback, over the tests' own PostgreSQL: CRM, automations, three users.

The database is built once (a minute) and kept below the cache as a dump; each start restores it.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
import pytest

from tests.lab.odoo_packages import CACHE, OdooTree, odoo_tree
from tests.lab.packages import Unavailable, alone
from tests.postgresql import Server

DATABASE = "crm"
START_S = 60.0
BUILD_S = 300.0
CONFIGURATION = """\
[options]
db_host = {socket}
db_user = odoo
http_interface = 127.0.0.1
http_port = {port}
gevent_port = {other}
data_dir = {data}
list_db = False
without_demo = True
workers = 0
max_cron_threads = 0
"""
FURNISH = """
import json
from datetime import datetime, timedelta
soon = datetime.now() + timedelta(days=30)
env.ref('base.main_company').country_id = env.ref('base.ru')
def user(name, group):
    groups = [env.ref('base.group_user').id, env.ref(group).id]
    return env['res.users'].create({'name': name, 'login': name, 'group_ids': [(6, 0, groups)]})
def key(of):
    return env['res.users.apikeys'].with_user(of)._generate('rpc', 'tests', soon)
bot = user('calltrackd', 'sales_team.group_sale_salesman_all_leads')
olga = user('olga', 'sales_team.group_sale_salesman')
own = user('own', 'sales_team.group_sale_salesman')
admin = env.ref('base.user_admin')
found = {'key': key(bot), 'own_key': key(own), 'admin_key': key(admin), 'olga': olga.id}
open(%r, 'w').write(json.dumps(found))
env.cr.execute('update res_users_apikeys set expiration_date = null')
env.cr.commit()
"""
"""`calltrackd` sees all leads; `olga` has a phone; `own` may see only his own leads."""


def missing(reason: Unavailable) -> NoReturn:
    """Skip the test with the reason; in CI raise it."""
    if os.environ.get("CI"):
        raise reason
    pytest.skip(f"no Odoo here: {reason}")


class Odoo:
    """One server with its home in `folder`. Raises `Unavailable` from `start`."""

    def __init__(self, folder: Path, server: Server, cache: Path = CACHE) -> None:
        self._folder, self._server, self._cache = folder, server, cache
        self._process: subprocess.Popen[bytes] | None = None
        self._port = _free_port()
        self.facts: dict[str, Any] = {}
        """`key`, `own_key`, `admin_key`: of its users; `olga`: her id."""

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Restore the database, and serve."""
        tree = odoo_tree(self._cache)
        self._configure()
        self._tool("createuser", "--superuser", "odoo")
        with alone(self._cache / "lock"):
            if not self._kept("keys.json").exists():
                self._build(tree)
            else:
                self._restore()
        self.facts = json.loads(self._kept("keys.json").read_text())
        self._serve(tree)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_S)
            self._process = None

    async def ask(self, model: str, method: str, *, key: str = "admin_key", **given: Any) -> Any:
        """Call a method as one of its users."""
        headers = {
            "Authorization": f"bearer {self.facts[key]}",
            "X-Odoo-Database": DATABASE,
        }
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{self.url}/json/2/{model}/{method}", json=given) as answer,
        ):
            value = await answer.json()
            assert answer.status == 200, value
            return value

    # -- the database

    def _kept(self, name: str) -> Path:
        return self._cache / "database" / name

    def _configure(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        text = CONFIGURATION.format(
            socket=self._server.folder,
            port=self._port,
            other=_free_port(),
            data=self._folder / "data",
        )
        (self._folder / "odoo.conf").write_text(text)

    def _build(self, tree: OdooTree) -> None:
        shutil.rmtree(self._cache / "database", ignore_errors=True)
        self._kept("").mkdir()
        modules = ("-i", "crm,base_automation", "--stop-after-init", "--log-level=error")
        self._odoo(tree, *modules)
        keys = self._folder / "keys.json"
        self._odoo(tree, command="shell", typed=FURNISH % str(keys))
        self._tool("pg_dump", "--format=custom", f"--file={self._kept('dump')}", DATABASE)
        shutil.copytree(self._folder / "data", self._kept("data"))
        shutil.copy(keys, self._kept("keys.json"))  # last: it says that all is there

    def _restore(self) -> None:
        shutil.copytree(self._kept("data"), self._folder / "data")
        self._tool("createdb", "--owner=odoo", "--template=template0", DATABASE)
        self._tool("pg_restore", f"--dbname={DATABASE}", "--jobs=2", str(self._kept("dump")))

    def _tool(self, program: str, *args: str) -> None:
        who = [f"--host={self._server.folder}", f"--username={self._server.user}"]
        command = [str(self._server.programs / program), *who, *args]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-1000:]

    def _odoo(self, tree: OdooTree, *args: str, command: str = "", typed: str = "") -> None:
        given = [*tree.command, *([command, "--no-http"] if command else []), *args]
        done = subprocess.run(
            [*given, "-c", str(self._folder / "odoo.conf"), "-d", DATABASE],
            env={**tree.environment, "HOME": str(self._folder)},
            input=typed, capture_output=True, text=True, timeout=BUILD_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]

    # -- the server

    def _serve(self, tree: OdooTree) -> None:
        with (self._folder / "odoo.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig=TERM", *tree.command,
                 "-c", str(self._folder / "odoo.conf"), "-d", DATABASE],
                env={**tree.environment, "HOME": str(self._folder)},
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail((self._folder / "odoo.log").read_text()[-2000:])
            time.sleep(0.1)  # an open port is the only sign that it gives

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 1.0).close()
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
