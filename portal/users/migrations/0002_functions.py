"""Functions that the tables of every package lean on."""

from django.db import migrations

from portal.row_security import REFUSE_CHANGE

CURRENCY_EXPONENT = migrations.RunSQL(
    """
    CREATE FUNCTION currency_exponent(currency text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE
            WHEN currency IN ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF',
                              'XOF','XPF') THEN 0
            WHEN currency IN ('BHD','IQD','JOD','KWD','LYD','OMR','TND') THEN 3
            ELSE 2 END
    $$
    """,
    "DROP FUNCTION currency_exponent(text)",
)


class Migration(migrations.Migration):
    dependencies = [("users", "0001_initial")]
    operations = [REFUSE_CHANGE, CURRENCY_EXPONENT]
