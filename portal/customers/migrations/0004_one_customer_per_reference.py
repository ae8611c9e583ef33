from django.db import migrations, models
from django.db.models import Value
from django.db.models.functions import Upper

from portal.customers.models import RegexpReplace


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_row_security")]
    operations = [
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(
                Upper(RegexpReplace("number", Value("[^A-Za-z0-9]"), Value(""), Value("g"))),
                name="one_customer_per_reference",
                violation_error_message="Another customer's number has the same letters and digits.",
            ),
        )
    ]
