"""Decisions about a request: may it be accepted, on what terms, is it a duplicate?"""
