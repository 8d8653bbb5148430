"""finops explore."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db
from finops.errors import UsageError

Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")]
Port = Annotated[
    int, typer.Option("--port", metavar="NUMBER", min=0, max=65535, help="The port; 0 takes any free one.")
]
Open = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")]
Expose = Annotated[
    bool, typer.Option("--expose", help="Let other machines read the bill: needed for a --host beyond this one.")
]


def run(
    host: Host = "127.0.0.1",
    port: Port = 8037,
    open_: Open = True,
    expose: Expose = False,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Show a page on this machine to slice spend, drill to line items and compare periods."""
    from finops.catalog import deliveries
    from finops.cli.boundary import as_finops_error
    from finops.cli.progress import say
    from finops.config import load_settings
    from finops.explore.answers import Served
    from finops.explore.server import LOOPBACK, address, listening

    if host not in LOOPBACK and not expose:
        raise UsageError(f"{host} is beyond this machine, and the page asks nobody who they are", "--host", "--expose")
    served = Served(db, config)
    deliveries(served.database)
    load_settings(config)
    with listening(served, host, port, as_finops_error) as server:
        url = address(server, host)
        print(url, flush=True)
        if host not in LOOPBACK:
            say("warning: whoever reaches this port reads the bill, without a login and without encryption")
        say(f"{served.database}, read-only; Ctrl-C ends it")
        if open_ and _has_screen():
            _show(url)
        # Ctrl-C is how a person closes the page: nothing was interrupted.
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def _has_screen() -> bool:
    """Whether a browser would open beside the terminal and not in it."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show(url: str) -> None:
    import webbrowser
    from threading import Thread

    Thread(target=webbrowser.open, args=(url,), daemon=True).start()
