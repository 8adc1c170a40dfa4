# What would hold a lock while it reads the whole table stands here, outside of any transaction, so that nobody waits for it:
# the new rules are held against the old rows, and the indexes are built, while the shop goes on selling.

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('shop', '0010_prices'),
    ]

    operations = [
        ValidateConstraint(model_name='product', name='quantity_price_has_its_quantity'),
        ValidateConstraint(model_name='product', name='weight_is_not_negative'),
    ]
