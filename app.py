"""
Entry point of the dashboard for any ASGI server.

``medpatrol serve`` is the usual way in (``web/server.py``); this module is for
those who bring a server of their own: ``uvicorn app:app``.
"""

from web import server

server.configure(server.DEFAULT_PORT)
app = server.make_app()
