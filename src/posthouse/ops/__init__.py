"""Starting and looking after an installation: open the store, first run, secret key, doctor, readiness."""
