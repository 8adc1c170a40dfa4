# What would hold a lock while it reads the whole table stands here, outside of any transaction, so that nobody waits for it:
# the new rules are held against the old rows, and the indexes are built, while the shop goes on selling.

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('orders', '0008_prices'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='cart',
            index=models.Index(condition=models.Q(('coupon__isnull', False)), fields=['coupon'], name='carts_with_a_coupon'),
        ),
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(condition=models.Q(('coupon__isnull', False)), fields=['coupon'], name='orders_with_a_coupon'),
        ),
        ValidateConstraint(model_name='order', name='parts_are_not_negative'),
    ]
