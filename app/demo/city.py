"""What stands in the demo city: providers, merchants, offers, officers, files. Data, no code.

Names of shops are made up; districts are those of the National Bureau of Statistics.
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

DATA = Path(__file__).parent / "data"
CITY_CODE, CITY_ZH, CITY_EN = "3211", "镇江", "Zhenjiang"
ZONE = "Asia/Shanghai"
ACTIVE_FROM = date(2021, 1, 1)
POINTS_PER_KG = {"transit_rail": 100, "bike_ride": 100, "ev_charge": 20}
"""What the demo's own records earn; `seed.rates` has one for everything shipped."""
CITIZENS = 260
LEADER = "lin"
"""小林, whose wallet the printed lines show."""
OFFICERS = {
    "wang-maker": "operator",
    "zhao-checker": "reviewer",
    "qian-finance": "finance",
    "zhou-finance": "finance",
    "sun-methods": "methodologist",
    "li-auditor": "auditor",
}
"""The first two propose and approve what the demo needs; one of each office, two who pay."""

PROVIDERS = {
    "zhenjiang-metro": ("镇江轨道交通(模拟)", "Zhenjiang Metro (simulated)"),
    "zhenjiang-bike": ("镇江共享单车", "Zhenjiang Bike Share"),
    "zhenjiang-ev": ("镇江社区充电", "Zhenjiang Home Charging"),
    "zhenjiang-ev-work": ("镇江园区充电", "Zhenjiang Workplace Charging"),
}


@dataclass(frozen=True, slots=True)
class DemoFile:
    """One file of the demo: whose, how it is read, and what is said about it on the screen.

    Attributes:
        name: in the folder ``data``.
        what: a few words in both languages.
        origin: what kind of records they are, for the screen.
        pairs: the map, as on the command line.
        ends: the columns with times, of which the last decides how far the file is moved.
        card: the column with the card.
        unit_m: whether distances are in metres.

    """

    name: str
    provider: str
    methodology: str
    what: str
    origin: str
    pairs: dict[str, str]
    ends: tuple[str, ...]
    card: str
    zone: str
    time_format: str | None = None
    comma: bool = False
    unit_m: bool = False
    constants: dict[str, str] = field(default_factory=dict)


_EV_CONST = {"grid_region": "CN-JS"}
_NORWAY = {
    "ref": "session_ID",
    "subject": "User_ID",
    "started_at": "Start_plugin",
    "ended_at": "End_plugout",
    "energy_kwh": "El_kWh",
    "charger_id": "Garage_ID",
}
FILES = (
    DemoFile(
        name="bike_rides.csv.gz",
        provider="zhenjiang-bike",
        methodology="bike_ride",
        what="单车 bike rides",
        origin="真实记录 real records: Bay Area Bike Share, 2014",
        pairs={
            "ref": "trip_id",
            "subject": "bike_id",
            "started_at": "start_date",
            "ended_at": "end_date",
            "distance_km": "distance_km",
        },
        ends=("end_date",),
        card="bike_id",
        zone="America/Los_Angeles",
    ),
    DemoFile(
        name="rail_rides_simulated.csv.gz",
        provider="zhenjiang-metro",
        methodology="transit_rail",
        what="地铁(模拟) metro, simulated",
        origin="模拟 SIMULATED riders over the real distances of Beijing's stations",
        pairs={
            "ref": "ride_no",
            "subject": "card_no",
            "started_at": "tap_in",
            "ended_at": "tap_out",
            "entry_station": "entry_station",
            "exit_station": "exit_station",
            "distance_km": "distance_m",
        },
        ends=("tap_out",),
        card="card_no",
        zone=ZONE,
        unit_m=True,
    ),
    DemoFile(
        name="ev_home_sessions.csv.gz",
        provider="zhenjiang-ev",
        methodology="ev_charge",
        what="充电 home charging",
        origin="真实记录 real records: apartment garages in Norway, 2018-2019",
        pairs=_NORWAY,
        ends=("End_plugout",),
        card="User_ID",
        zone="Europe/Oslo",
        time_format="%d.%m.%Y %H:%M",
        comma=True,
        constants=_EV_CONST,
    ),
    DemoFile(
        name="ev_home_sessions_open.csv.gz",
        provider="zhenjiang-ev",
        methodology="ev_charge",
        what="充电未结束 open sessions",
        origin="真实记录 real records: the same garages, sessions without an end",
        pairs=_NORWAY,
        ends=("Start_plugin",),
        card="User_ID",
        zone="Europe/Oslo",
        time_format="%d.%m.%Y %H:%M",
        comma=True,
        constants=_EV_CONST,
    ),
    DemoFile(
        name="ev_work_sessions.csv.gz",
        provider="zhenjiang-ev-work",
        methodology="ev_charge",
        what="园区充电 work charging",
        origin="真实记录 real records: workplace chargers in the USA, written as years 0014, 0015",
        pairs={
            "ref": "sessionId",
            "subject": "userId",
            "started_at": "created",
            "ended_at": "ended",
            "energy_kwh": "kwhTotal",
            "charger_id": "stationId",
        },
        ends=(),
        card="userId",
        zone="America/New_York",
        constants=_EV_CONST,
    ),
)

MERCHANTS = (
    ("xijin-coffee", "西津渡咖啡", "Xijin Ferry Coffee", "cafe", "321111"),
    ("jinshan-tea", "金山茶馆", "Jinshan Teahouse", "cafe", "321111"),
    ("guogai-noodles", "锅盖面老店", "Pot-Lid Noodle House", "food", "321102"),
    ("vinegar-shop", "恒香醋坊", "Fragrant Vinegar Workshop", "food", "321102"),
    ("zhenjiang-bus", "镇江公交", "Zhenjiang Bus", "transport", "321102"),
    ("dashikou-books", "大市口书店", "Dashikou Books", "books", "321102"),
    ("mengxi-bakery", "梦溪面包房", "Mengxi Bakery", "food", "321102"),
    ("jiaoshan-boat", "焦山游船", "Jiaoshan Boats", "leisure", "321102"),
    ("nanshan-bikes", "南山单车行", "Nanshan Bicycle Repair", "repair", "321111"),
    ("runzhou-cinema", "润州影城", "Runzhou Cinema", "leisure", "321111"),
    ("dantu-farm", "丹徒农场", "Dantu Farm Shop", "food", "321112"),
    ("dantu-flowers", "丹徒花店", "Dantu Flowers", "home", "321112"),
    ("newdistrict-gym", "新区健身", "New District Gym", "leisure", "321171"),
    ("newdistrict-laundry", "新区净衣", "New District Laundry", "home", "321171"),
    ("danyang-glasses", "丹阳眼镜", "Danyang Glasses", "home", "321181"),
    ("danyang-soup", "丹阳汤馆", "Danyang Soups", "food", "321181"),
    ("yangzhong-fish", "扬中江鲜", "Yangzhong River Fish", "food", "321182"),
    ("yangzhong-solar", "扬中光伏", "Yangzhong Solar", "home", "321182"),
    ("jurong-berries", "句容草莓园", "Jurong Strawberry Fields", "food", "321183"),
    ("maoshan-teas", "茅山茶叶", "Maoshan Teas", "food", "321183"),
)

OFFERS = (
    ("xijin-coffee", "美式咖啡一杯", "One americano", 300, 5_000, 5),
    ("xijin-coffee", "自带杯立减券", "Discount for your own cup", 80, 10_000, 20),
    ("jinshan-tea", "盖碗绿茶一份", "One pot of green tea", 260, 2_000, 5),
    ("guogai-noodles", "锅盖面一碗", "One bowl of pot-lid noodles", 400, 3_000, 3),
    ("vinegar-shop", "香醋一瓶", "One bottle of vinegar", 350, 1_000, 2),
    ("zhenjiang-bus", "公交单次票", "One bus ticket", 120, 50_000, 30),
    ("zhenjiang-bus", "公交一日票", "Day ticket for the bus", 400, 5_000, 5),
    ("dashikou-books", "图书满减券", "Book voucher", 500, 1_000, 2),
    ("mengxi-bakery", "全麦面包", "Wholemeal loaf", 220, 2_000, 5),
    ("jiaoshan-boat", "焦山渡船票", "Ferry to Jiaoshan", 300, 800, 2),
    ("nanshan-bikes", "单车保养一次", "One bicycle service", 600, 300, 1),
    ("runzhou-cinema", "电影票一张", "One cinema ticket", 900, 500, 2),
    ("runzhou-cinema", "爆米花一份", "One popcorn", 250, 1_500, 3),
    ("dantu-farm", "时令蔬菜篮", "Basket of vegetables", 450, 600, 2),
    ("dantu-flowers", "绿植一盆", "One potted plant", 380, 700, 2),
    ("newdistrict-gym", "健身体验一次", "One visit to the gym", 320, 900, 4),
    ("newdistrict-laundry", "衬衫洗护一件", "One shirt laundered", 150, 2_000, 5),
    ("danyang-glasses", "眼镜清洗套装", "Cleaning set for glasses", 180, 1_200, 2),
    ("danyang-soup", "老母鸡汤一份", "One chicken soup", 420, 800, 2),
    ("yangzhong-fish", "江鲜代金券", "Voucher for river fish", 1_000, 200, 1),
    ("yangzhong-solar", "节能灯一只", "One saving lamp", 280, 2_000, 4),
    ("jurong-berries", "草莓采摘一位", "Strawberry picking for one", 700, 400, 2),
    ("maoshan-teas", "茅山长青小罐", "Small tin of Maoshan tea", 550, 500, 2),
    ("vinegar-shop", "醋坊参观", "Visit to the vinegar workshop", 200, 300, 2),
    ("jinshan-tea", "茶点一份", "One plate of tea snacks", 160, 2_500, 5),
)
