"""The drawn tables are those of the models, and the lines between them say what the database enforces."""

import re

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.test.utils import isolate_apps

from config.drawings import entities


@pytest.mark.roadmap("databases/er-diagram")
def test_drawing_in_the_documents_is_the_one_of_the_models() -> None:
    written = (settings.BASE_DIR / "docs" / "er-diagram.md").read_text()

    assert written == entities.page(), "`make schema` draws it anew"


@pytest.mark.roadmap("databases/er-diagram")
def test_every_table_and_every_foreign_key_of_the_shop_is_drawn(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
            WHERE contype = 'f' AND conrelid::regclass::text ~ '^(shop|orders|accounts)_'
        """)
        enforced = sorted(row for row in cursor.fetchall() if not re.search("_(groups|user_permissions)$", row[0]))
    drawn = sorted(re.findall(r"^    (\w+) [|}]o--(?:o\||\|\|) (\w+) :", entities.page(), re.MULTILINE))

    assert drawn == enforced
    tables = {model._meta.db_table for label in entities.APPS for model in apps.get_app_config(label).get_models()}
    assert set(re.findall(r"^    (\w+) \{", entities.page(), re.MULTILINE)) == tables


@pytest.mark.roadmap("databases/er-diagram")
@isolate_apps("shop")
def test_line_says_how_many_may_stand_at_each_end() -> None:
    class Box(models.Model):  # noqa: DJ008
        class Meta:
            app_label = "shop"

    class Parcel(models.Model):  # noqa: DJ008
        box = models.ForeignKey(Box, models.CASCADE)
        spare = models.ForeignKey(Box, models.CASCADE, null=True, related_name="+")
        only = models.OneToOneField(Box, models.CASCADE, related_name="+")
        gone = models.ForeignKey(Box, models.DO_NOTHING, db_constraint=False, related_name="+")

        class Meta:
            app_label = "shop"

    assert list(entities._relations(Parcel)) == [
        "shop_parcel }o--|| shop_box : box",
        "shop_parcel }o--o| shop_box : spare",
        "shop_parcel |o--|| shop_box : only",
        "shop_parcel }o..|| shop_box : gone",
    ]
