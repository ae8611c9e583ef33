"""The invented companies that the demo carrier bills, and the places where they have sites. Data only. Pure.

A company's sites are written `Region: site, site | Region: …`; a site that is not called by its city is
written `site=City`. Streets are invented, telephone exchanges are the ones kept for fiction.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A city with one address in it. `region` is the US state or "", `county` and rates matter in the US only."""

    city: str
    country: str
    region: str
    county: str
    postcode: str
    street: str
    area_code: str
    state_rate: str = "0"  # sales tax percent
    county_rate: str = "0"
    city_rate: str = "0"


_US = """
Fresno|CA|Fresno|93706|2210 S Cherry Ave|559|7.25|0.625|0.475
Reno|NV|Washoe|89502|1455 Mill St|775|6.85|1.415|0
Tacoma|WA|Pierce|98421|1901 Port of Tacoma Rd|253|6.5|1.4|2.4
Oakland|CA|Alameda|94607|700 Maritime St|510|7.25|3|0.5
Denver|CO|Denver|80216|4800 Race St|303|2.9|1|4.81
Phoenix|AZ|Maricopa|85034|2350 E Sky Harbor Blvd|602|5.6|0.7|2.8
Newark|NJ|Essex|07114|180 Corbin St|973|6.625|0|0
Albany|NY|Albany|12207|12 Erie Blvd|518|4|4|0
Savannah|GA|Chatham|31408|150 Grange Rd|912|4|3|0
Ashburn|VA|Loudoun|20147|21715 Filigree Ct|703|4.3|1|0.7
Boston|MA|Suffolk|02210|88 Black Falcon Ave|617|6.25|0|0
Hartford|CT|Hartford|06103|45 Columbus Blvd|860|6.35|0|0
Pittsburgh|PA|Allegheny|15222|310 Penn Ave|412|6|1|0
Columbus|OH|Franklin|43215|75 Spruce St|614|5.75|1.75|0.5
Chicago|IL|Cook|60607|1200 W Harrison St|312|6.25|1.75|1.25
Milwaukee|WI|Milwaukee|53202|525 N Broadway|414|5|0.9|2
Minneapolis|MN|Hennepin|55415|330 S 5th St|612|6.875|0.15|0.5
Kansas City|MO|Jackson|64106|411 Delaware St|816|4.225|1.375|3.25
Dallas|TX|Dallas|75207|1910 Hi Line Dr|214|6.25|0|2
Houston|TX|Harris|77029|8402 Clinton Dr|713|6.25|0|2
Atlanta|GA|Fulton|30303|55 Trinity Ave SW|404|4|3|1.9
Tampa|FL|Hillsborough|33605|1301 Channel Dr|813|7.44|1.5|0
Nashville|TN|Davidson|37210|620 Murfreesboro Pike|615|7|2.25|0
Boise|ID|Ada|83702|199 N Capitol Blvd|208|6|0|0
"""

_EUROPE = """
Malmö|SE|21124|Hamngatan 4|40
Göteborg|SE|41103|Lilla Bommen 6|31
Stockholm|SE|11152|Vasagatan 16|8
Gävle|SE|80320|Norra Skeppargatan 9|26
Luleå|SE|97238|Storgatan 41|920
Turku|FI|20100|Linnankatu 36|2
Helsinki|FI|00180|Porkkalankatu 7|9
Oulu|FI|90100|Isokatu 22|8
København|DK|2100|Sundkrogsgade 21|33
Aarhus|DK|8000|Mindet 6|86
Esbjerg|DK|6700|Dokvej 3|75
Oslo|NO|0191|Tomtegata 8|22
Bergen|NO|5003|Bryggen 15|55
Stavanger|NO|4006|Strandkaien 30|51
"""

PLACES: dict[str, Place] = {
    city: Place(city, "US", state, county, postcode, street, area, *rates)
    for city, state, county, postcode, street, area, *rates in (row.split("|") for row in _US.split("\n") if row)
} | {
    city: Place(city, country, "", "", postcode, street, area)
    for city, country, postcode, street, area in (row.split("|") for row in _EUROPE.split("\n") if row)
}


class Company(NamedTuple):
    """`weight` says how many accounts it has beside the others; `currency` is that of its European bills."""

    number: str
    name: str
    industry: str
    currency: str
    weight: int
    sites: str


COMPANIES = (
    Company(
        "40-11982",
        "Harlow Freight Group",
        "freight and logistics",
        "SEK",
        6,
        "Harlow West: Fresno hub=Fresno, Reno, Tacoma, Oakland yard=Oakland"
        " | Harlow East: Newark port=Newark, Albany, Savannah"
        " | Harlow Nord: Malmö, Turku, Gävle | Shared services: DC 2=Ashburn, DC 4=Stockholm",
    ),
    Company(
        "40-20417",
        "Castellan Foods",
        "food processing",
        "DKK",
        3,
        "Castellan Central: Kansas City plant=Kansas City, Columbus cold store=Columbus, Chicago"
        " | Castellan Danmark: Esbjerg fish hall=Esbjerg, Aarhus",
    ),
    Company(
        "40-20893",
        "Brightwater Health",
        "hospitals",
        "SEK",
        3,
        "Brightwater Midwest: Minneapolis campus=Minneapolis, Milwaukee clinic=Milwaukee, Columbus"
        " | Brightwater Norden: Göteborg, Luleå",
    ),
    Company(
        "40-21355",
        "Nordhavn Retail",
        "retail",
        "DKK",
        3,
        "Nordhavn Stores: København flagship=København, Aarhus, Malmö, Oslo | Nordhavn America: Boston, Albany",
    ),
    Company(
        "40-22061",
        "Pinegate Credit Union",
        "banking",
        "EUR",
        2,
        "Pinegate Branches: Boise, Denver, Reno branch=Reno | Pinegate Treasury: Helsinki",
    ),
    Company(
        "40-22740",
        "Tallis & Wren",
        "law",
        "EUR",
        1,
        "Tallis & Wren: Boston, Chicago, Atlanta | Tallis & Wren Europe: Helsinki, Stockholm",
    ),
    Company(
        "40-23118",
        "Vantry Polymers",
        "chemicals",
        "NOK",
        2,
        "Vantry Gulf: Houston works=Houston, Dallas lab=Dallas | Vantry Nordic: Stavanger works=Stavanger, Bergen",
    ),
    Company(
        "40-23902",
        "Kestrel Ground Services",
        "airport handling",
        "SEK",
        2,
        "Kestrel Airports: Phoenix ramp=Phoenix, Denver ramp=Denver, Tampa ramp=Tampa, Newark ramp=Newark"
        " | Kestrel Norden: Stockholm cargo=Stockholm, Oslo cargo=Oslo",
    ),
    Company(
        "40-24466",
        "Saltmarsh Energy",
        "wind and grid",
        "NOK",
        2,
        "Saltmarsh Offshore: Stavanger, Esbjerg, Bergen control room=Bergen | Saltmarsh US: Savannah, Houston",
    ),
    Company(
        "40-25013",
        "Orrin Hotels",
        "hospitality",
        "EUR",
        2,
        "Orrin West: Oakland, Phoenix, Denver | Orrin South: Nashville, Atlanta, Tampa"
        " | Orrin Baltic: Helsinki, Turku, Stockholm",
    ),
    Company(
        "40-25587",
        "Sundvik Shipping",
        "shipping",
        "EUR",
        2,
        "Sundvik Fleet: Turku, Göteborg, Oulu | Sundvik Americas: Savannah, Houston, Oakland",
    ),
    Company(
        "40-26240",
        "Delmar County Schools",
        "education",
        "USD",
        2,
        "Delmar Schools: Columbus, Pittsburgh annexe=Pittsburgh",
    ),
    Company(
        "40-26891",
        "Quillon Software",
        "software",
        "SEK",
        2,
        "Quillon Labs: Boston, Minneapolis, Ashburn cage=Ashburn | Quillon Sverige: Stockholm, Luleå hall 3=Luleå",
    ),
    Company(
        "40-27334",
        "Blackthorn Minerals",
        "mining",
        "SEK",
        2,
        "Blackthorn West: Reno, Boise pit office=Boise | Blackthorn Norr: Luleå terminal=Luleå, Oulu",
    ),
    Company(
        "40-27905",
        "Aurelian Mutual",
        "insurance",
        "DKK",
        1,
        "Aurelian East: Hartford, Pittsburgh, Newark | Aurelian Europe: København, Oslo",
    ),
    Company(
        "40-28412",
        "Alderby Kommun",
        "public administration",
        "SEK",
        2,
        "Alderby: Gävle stadshus=Gävle, Gävle skolor=Gävle, Gävle vård=Gävle",
    ),
)

NAME_HEADS = (
    *("Ardmore", "Bexley", "Calder", "Dunmore", "Elmstead", "Farrow"),
    *("Garrick", "Hollis", "Ingram", "Jarrow", "Kelso", "Larkhill"),
)
NAME_TAILS = (
    ("Logistics", "freight"),
    ("Dental", "health care"),
    ("Fabrication", "metal works"),
    ("Media", "publishing"),
    ("Outfitters", "retail"),
    ("Analytics", "software"),
    ("Timber", "forestry"),
    ("Pharma", "pharmaceuticals"),
)
