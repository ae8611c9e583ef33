"""What an account is known by until it is linked: the buyer of the bill that first spoke of it."""

from django.db import migrations, models

FROM_BILLS = """
    UPDATE billing_sources_accountlink link SET buyer = bill.buyer, buyer_id = coalesce(bill.parties ->> 'buyer_id', '')
    FROM (SELECT DISTINCT ON (account_link_id) account_link_id, buyer, parties
          FROM billing_sources_invoice ORDER BY account_link_id, id) bill
    WHERE bill.account_link_id = link.id
    """


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0019_vocabulary_in_lineage"), ("customers", "0005_what_suggests")]
    operations = [
        migrations.AddField("accountlink", "buyer", models.TextField(blank=True, db_default="")),
        migrations.AddField("accountlink", "buyer_id", models.TextField(blank=True, db_default="")),
        migrations.RunSQL(FROM_BILLS, migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE INDEX account_links_by_buyer ON billing_sources_accountlink (buyer_id) WHERE buyer_id <> ''",
            "DROP INDEX account_links_by_buyer",
        ),
    ]
