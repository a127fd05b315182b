"""What we, and authors of plugins, prove things with: scripted mail servers, name servers and clocks, all on loopback."""
