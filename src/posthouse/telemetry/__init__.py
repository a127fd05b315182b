"""What is counted and measured, for machines. A leaf: exporters are chosen in ``app``."""
