# What would hold a lock while it reads the whole table stands here, outside of any transaction, so that nobody waits for it:
# the new rules are held against the old rows, and the index is built, while the shop goes on selling.

import django.db.models.functions.comparison
from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('shop', '0012_trade_prices'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='product',
            index=models.Index(django.db.models.functions.comparison.Least('price', 'trade_price'), models.F('id'), condition=models.Q(('is_listed', True)), name='listed_by_trade_price'),
        ),
        ValidateConstraint(model_name='product', name='trade_price_is_not_negative'),
        ValidateConstraint(model_name='product', name='cost_is_not_negative'),
    ]
