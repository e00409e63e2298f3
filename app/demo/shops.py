"""The demo's merchants as companies: made-up credit codes with true check symbols, made-up places.

Coordinates lie around the middle of each one's district.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Shop:
    """What onboarding asks of a merchant, beyond the names."""

    credit_code: str
    latitude: Decimal
    longitude: Decimal


SHOPS = {
    "xijin-coffee": Shop("91321111MAWFY0DHGU", Decimal("32.215500"), Decimal("119.425700")),
    "jinshan-tea": Shop("91321111MAQK0GJAPK", Decimal("32.212100"), Decimal("119.427100")),
    "guogai-noodles": Shop("91321102MA78XHJ4WX", Decimal("32.201700"), Decimal("119.450400")),
    "vinegar-shop": Shop("91321102MA285HFQUM", Decimal("32.207300"), Decimal("119.459600")),
    "zhenjiang-bus": Shop("91321102MADKJ4LMYF", Decimal("32.206900"), Decimal("119.450200")),
    "dashikou-books": Shop("91321102MABFABT8CA", Decimal("32.204300"), Decimal("119.454600")),
    "mengxi-bakery": Shop("91321102MAR9J5567B", Decimal("32.207700"), Decimal("119.452900")),
    "jiaoshan-boat": Shop("91321102MAGA8UPK8E", Decimal("32.206600"), Decimal("119.455300")),
    "nanshan-bikes": Shop("91321111MAAQ4UDWNB", Decimal("32.214300"), Decimal("119.422200")),
    "runzhou-cinema": Shop("91321111MAQ982RQ51", Decimal("32.211600"), Decimal("119.423600")),
    "dantu-farm": Shop("91321112MAKET6WW2H", Decimal("32.133100"), Decimal("119.431100")),
    "dantu-flowers": Shop("91321112MAMQG4YXED", Decimal("32.135100"), Decimal("119.437800")),
    "newdistrict-gym": Shop("91321171MACLUL043C", Decimal("32.172600"), Decimal("119.672200")),
    "newdistrict-laundry": Shop("91321171MAD275N4PP", Decimal("32.165700"), Decimal("119.675100")),
    "danyang-glasses": Shop("91321181MA9NE1EUU2", Decimal("32.006800"), Decimal("119.576700")),
    "danyang-soup": Shop("91321181MA3DLQ1GU5", Decimal("32.000300"), Decimal("119.585200")),
    "yangzhong-fish": Shop("91321182MAE7R4NEWN", Decimal("32.239400"), Decimal("119.805600")),
    "yangzhong-solar": Shop("91321182MADMA1A6Q2", Decimal("32.241000"), Decimal("119.808300")),
    "jurong-berries": Shop("91321183MAXFLAAJLJ", Decimal("31.952800"), Decimal("119.170700")),
    "maoshan-teas": Shop("91321183MAGG051YM2", Decimal("31.945200"), Decimal("119.172200")),
}
