"""
Entry point of the dashboard: Streamlit runs this script for each visitor.

``medpatrol serve`` starts it behind the gate (``web/server.py``); pages name
each other by their path from here.
"""

from web import shell

shell.draw()
