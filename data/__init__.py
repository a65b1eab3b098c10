"""What the world told us and what we decided."""
