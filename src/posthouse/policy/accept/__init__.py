"""Decisions about a request: may it be taken, on what terms, was it asked before?"""
