# Begun by Django 5.2.19 on 2026-11-28 20:57, finished by hand: sales write to this table while the migration runs. For an
# index left out of a foreign key Django takes the key away and checks every row anew, under a lock.

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

OLD = "shop_stockentry_product_id_0c03ad3e"


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('shop', '0007_imports'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='stockentry',
            index=models.Index(fields=['product', '-id'], name='ledger_of_one'),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='stockentry',
                    name='product',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='stock_entries', to='shop.product'),
                ),
            ],
            database_operations=[
                migrations.RunSQL(
                    f'DROP INDEX CONCURRENTLY IF EXISTS "{OLD}"',
                    f'CREATE INDEX CONCURRENTLY IF NOT EXISTS "{OLD}" ON shop_stockentry (product_id)',
                ),
            ],
        ),
    ]
