"""BOREAL: a Nordic and European billing system that sends UBL 2.1 and CII, EN 16931 in both (formats.md §1.5, §1.6).

Its mapping tables stand beside their readers (`readers.en16931`); docs/sources/boreal.md tells the rest.
"""

from __future__ import annotations

from billing_sources.adapter import Adapter, Vocabulary
from billing_sources.canonical import Category
from billing_sources.readers.en16931.accounts import LEVEL_NAMES
from billing_sources.readers.en16931.cii import CII, ZUGFERD_1
from billing_sources.readers.en16931.locate import locator
from billing_sources.readers.en16931.reader import reader
from billing_sources.readers.en16931.svefaktura import SVEFAKTURA
from billing_sources.readers.en16931.syntax import mapping
from billing_sources.readers.en16931.ubl import UBL
from billing_sources.readers.en16931.utility import statement_mapping
from billing_sources.transports import S3Prefix

# English, Swedish, Danish and Norwegian, German. A term also stands for every item name that begins with it in whole
# words; `unit XYZ` is a UNECE Recommendation 20 code and speaks when the item name does not.
_TERMS = {
    Category.RECURRING: """
        recurring, recurring charge, recurring charges, monthly charge, monthly charges, monthly fee, monthly fees,
        monthly service, monthly service charge, monthly service charges, subscription, subscription fee, line rental,
        rental fee, mrc, fixed fee, quarterly fee, access fee, service fee, port fee, flat rate, data plan, mobile plan
        abonnemang, abonnemangsavgift, månadsavgift, kvartalsavgift, fast avgift, bredband, bredbandsabonnemang,
        mobilabonnemang, fast telefoni, hyra
        abonnement, abonnementsafgift, abonnementsavgift, månedsafgift, månedsavgift, månedsabonnement, fast afgift
        grundgebühr, monatliche grundgebühr, monatspauschale, monatsentgelt, anschlussgebühr monatlich, miete, pauschale
        """,
    Category.USAGE: """
        usage, usage charge, usage charges, calls, call charges, minutes, voice usage, data usage, voice, sms, mms,
        messages, roaming, data traffic, traffic, toll, consumption, national calls, international calls, mobile calls
        samtal, samtalsavgift, samtalsavgifter, utgående samtal, inkommande samtal, minuter, datatrafik, trafik,
        trafikavgift, förbrukning, förmedlad tjänst, betaltjänster, utlandssamtal, mobilsamtal
        opkald, samtaler, taletid, minutter, datatrafikk, forbrug, forbruk, udlandsopkald
        verbindungen, verbindungsentgelte, gespräche, minuten, datenverkehr, datenvolumen, nutzung, verbrauch,
        unit min, unit sec, unit 2p, unit 4l, unit e34
        """,
    Category.ONE_TIME: """
        one time, one-time, one-time charge, one-time fee, non-recurring charge, nrc, installation, installation fee,
        set-up fee, setup fee, setup, activation fee, activation, connection fee, number porting, occ
        engångsavgift, öppningsavgift, startavgift, anslutningsavgift, inkopplingsavgift, aktiveringsavgift,
        flyttavgift, nummerportering
        engangsbeløb, engangsavgift, engangsafgift, oprettelse, oprettelsesafgift, etablering, etableringsavgift
        einmalige gebühr, einmalentgelt, einrichtung, einrichtungsgebühr, anschlusspreis, bereitstellung,
        bereitstellungsentgelt, aktivierungsgebühr, rufnummernmitnahme
        """,
    Category.EQUIPMENT: """
        equipment, equipment charge, device, device instalment, handset, router, modem, switch, sim card
        utrustning, terminal, telefon, hårdvara, delbetalning
        udstyr, utstyr
        gerät, geräte, hardware, endgerät, ratenzahlung
        """,
    Category.DISCOUNT: """
        discount, volume discount, coupon, allowance, campaign, promotion, loyalty discount
        kampanj, rabatt, kvantitetsrabatt, mängdrabatt, avtalsrabatt
        kampagne, kampanje, mængderabat, rabat
        nachlass, mengenrabatt, aktion, gutschein
        """,
    Category.ADJUSTMENT: """
        adjustment, credit adjustment, credit adjust, correction, goodwill credit, service credit
        justering, rättelse, kreditering, regulering, korrektur, berichtigung, gutschrift
        """,
    Category.LATE_FEE: """
        late fee, late payment charge, interest, interests, finance charge, lpc, reminder fee
        dröjsmålsränta, påminnelseavgift, förseningsavgift, ränta, räntefaktura, rantefaktura
        rykkergebyr, purregebyr, morarente, forsinkelsesrente, verzugszinsen, mahngebühr
        """,
    Category.SURCHARGE: """
        surcharge, regulatory recovery, regulatory fee, invoice fee, paper invoice fee, handling fee, freight, shipping
        fakturaavgift, faktureringsavgift, expeditionsavgift, frakt, fakturagebyr, gebyr, fragt
        rechnungsgebühr, papierrechnung, zuschlag, versand, versandkosten
        """,
    Category.DEPOSIT: "deposit, security deposit, deposition, depositum, kaution",
    Category.CARRIED_BALANCE: "due invoice, balance forward, previous balance, ingående saldo, saldovortrag",
    Category.ROUNDING: "rounding, öresavrundning, avrundning, øreafrunding, rundung",
}


def _vocabulary() -> dict[str, Category]:
    return {
        " ".join(term.split()): category
        for category, terms in _TERMS.items()
        for line in terms.splitlines()
        for term in line.split(",")
        if term.strip()
    }


_SYNTAXES = (UBL, CII, ZUGFERD_1, SVEFAKTURA)

BOREAL = Adapter(
    key="boreal",
    title="Boreal",
    plays="Nordic and European billing: Peppol BIS 3 and XRechnung, many currencies",
    default_currency="EUR",
    transport=S3Prefix("boreal/out", ("*.xml", "*.pdf"), answers="boreal/in"),
    read=reader(*_SYNTAXES),
    mapping=(*mapping(*_SYNTAXES), *statement_mapping()),
    vocabulary=Vocabulary(1, _vocabulary()),
    level_names=LEVEL_NAMES,
    locate=locator(*_SYNTAXES),
    has_relative_origins=True,
)
