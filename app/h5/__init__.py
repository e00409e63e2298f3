"""The citizens' mobile web client, as files: `client` is what is written, `dist` what is served.

Everything a phone needs comes from this process: no foreign script, style, font or picture.
"""
