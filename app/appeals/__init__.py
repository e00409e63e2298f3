"""What citizens ask an officer to look at: trips that are missing, and acts they disagree with.

Owns: appeals. Doors: `make`, `decide`, `reading`. Never: credits anything but through the
ordinary credit path, or through the review of held acts.
"""
