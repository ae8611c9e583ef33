"""What each system calls a charge of a category: words that its vocabulary knows. Pure.

Boreal speaks the language of the bill: its currency tells.
"""

from __future__ import annotations

from billing_sources.canonical import Category

ATLAS_TERMS = {
    Category.RECURRING: "Monthly service charges",
    Category.USAGE: "Usage charges",
    Category.ONE_TIME: "Installation",
    Category.EQUIPMENT: "Equipment rental",
    Category.DISCOUNT: "Discount",
    Category.ADJUSTMENT: "Credit adjust",
    Category.LATE_FEE: "Late payment charge",
    Category.SURCHARGE: "Regulatory recovery",
}
_ENGLISH = {
    Category.RECURRING: "Subscription",
    Category.USAGE: "Usage charges",
    Category.ONE_TIME: "Installation",
    Category.EQUIPMENT: "Equipment",
    Category.DISCOUNT: "Discount",
    Category.ADJUSTMENT: "Adjustment",
    Category.LATE_FEE: "Late payment charge",
    Category.SURCHARGE: "Surcharge",
}
_SWEDISH = {
    Category.RECURRING: "Abonnemang",
    Category.USAGE: "Förbrukning",
    Category.ONE_TIME: "Engångsavgift",
    Category.EQUIPMENT: "Utrustning",
    Category.DISCOUNT: "Rabatt",
    Category.ADJUSTMENT: "Rättelse",
    Category.LATE_FEE: "Dröjsmålsränta",
    Category.SURCHARGE: "Fakturaavgift",
}
_DANISH = {
    Category.RECURRING: "Abonnement",
    Category.USAGE: "Forbrug",
    Category.ONE_TIME: "Oprettelse",
    Category.EQUIPMENT: "Udstyr",
    Category.DISCOUNT: "Rabat",
    Category.ADJUSTMENT: "Regulering",
    Category.LATE_FEE: "Morarente",
    Category.SURCHARGE: "Gebyr",
}
_BOREAL_TERMS = {"SEK": _SWEDISH, "DKK": _DANISH, "NOK": _DANISH}


def boreal_terms(currency: str) -> dict[Category, str]:
    """Category → term, in the language of the currency's country."""
    return _BOREAL_TERMS.get(currency, _ENGLISH)
