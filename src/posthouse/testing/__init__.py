"""For our tests and those of plugin authors: scripted mail servers, name servers and clocks, all on loopback."""
