"""Maker and checker: an action that needs two people.

Owns: proposals. Doors: `propose.propose`, `decide.approve`, `decide.reject`.
Never: knows what is approved; `main` wires the actions in.
"""
