"""The database itself: connections, the embedded server, migrations, partitions."""
