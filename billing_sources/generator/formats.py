"""The systems whose files can be generated. Pure."""

from __future__ import annotations

from billing_sources.generator.batch import BOREAL
from billing_sources.generator.castle import CASTLE
from billing_sources.generator.format import Format
from billing_sources.generator.jbilling import FERRY
from billing_sources.generator.statements import ECHO
from billing_sources.generator.tmf import DELTA
from billing_sources.generator.x12 import ATLAS

FORMATS: dict[str, Format] = {one.key: one for one in (ATLAS, BOREAL, CASTLE, DELTA, ECHO, FERRY)}
SYSTEMS = tuple(FORMATS)
