"""The only outbound sockets: DNS, SMTP, TLS; and the only sources of time and chance. It knows neither store nor config."""
