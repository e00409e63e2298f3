"""Who the programme is for: citizens, officers, their consents and links, and sign-in.

Owns: citizens and what they say of themselves, households, officers, consents, links, and the
tokens of the four audiences.
Doors: `links.holders` says whose record a card is, `register` makes people, `linking` ties
and unties cards, `about` tells offers the little they may ask, `guards` name the caller of a
route, `tokens` sign and read tokens.
Never: knows grams or points. It alone knows who an account number is.
"""
