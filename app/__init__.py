"""Puhui 普惠: an open carbon-inclusion backend.

Folders are the programme, files are machinery; a room imports only the rooms below it
(the list is in ``pyproject.toml``).
"""
