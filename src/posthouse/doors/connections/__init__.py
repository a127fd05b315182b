"""What the connections of every listener have in common: slots, and who the peer is."""
