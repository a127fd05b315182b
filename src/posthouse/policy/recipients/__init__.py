"""Decisions about an address: may it be written to, and what does a bounce say of it?"""
