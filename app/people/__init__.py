"""Who the programme is for: citizens, officers, their consents and links, and sign-in.

Owns: citizens and what they say of themselves, households, officers, consents, links, claims of
cards, guardianships, persons' keys, and the tokens of the four audiences.
Doors: `links.holders` says whose record a card is, `register` makes people, `linking` ties
and unties cards, `about` tells offers the little they may ask, `guards` name the caller of a
route, `tokens` sign and read tokens. `vault` seals what names somebody, `consents` and `proofs`
are asked for, `standing.apart` says who is neither ranked nor pooled, `forget.forget` ends a
person.
Never: knows grams or points. It alone knows who an account number is.
"""
