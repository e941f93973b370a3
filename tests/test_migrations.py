"""Migrations that a running program of the version before survives: expand, migrate, contract."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection, models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

OURS = ("gallery", "imagine")
OLDEST = {"gallery": "0007_audit_entry", "imagine": "0004_upstream_notices"}
"""The last migrations of the oldest version that may run beside this one.

They move on with the release after which something is taken away.
"""

SAFE = (
    operations.CreateModel,
    operations.AddIndex,
    operations.RemoveIndex,
    operations.RenameIndex,
    operations.AlterModelOptions,
    operations.AlterModelManagers,
    operations.AlterOrderWithRespectTo,
)
"""What takes nothing from a program that does not know of it."""


def minded(operation: operations.base.Operation, before: ProjectState, app: str) -> str:
    """Why a program of the version before would mind this operation; empty where it would not."""
    if isinstance(operation, SAFE):
        return ""
    if isinstance(operation, operations.SeparateDatabaseAndState):
        found = (minded(each, before, app) for each in operation.database_operations)
        return "; ".join(filter(None, found))
    if isinstance(operation, operations.AddField):
        field = operation.field
        if field.many_to_many or field.null or field.has_db_default():
            return ""
        return f"{operation.name}: rows of the version before have no value for it: use db_default"
    if isinstance(operation, operations.AlterField):
        old = before.models[app, operation.model_name_lower].fields[operation.name]
        if stored_as(old) == stored_as(operation.field):
            return ""
    return f"{type(operation).__name__}: may take away what the version before still uses"


def stored_as(field: models.Field) -> tuple[str, dict]:
    """What the database knows of a field."""
    _, path, _, options = field.deconstruct()
    return path, {name: value for name, value in options.items() if name not in field.non_db_attrs}


def released() -> set[str]:
    """Versions that the list of changes calls released."""
    changes = (Path(__file__).parent.parent / "CHANGELOG.md").read_text()
    found = re.findall(r"^## (\S+) – (.+)$", changes, re.MULTILINE)
    return {version for version, when in found if when != "unreleased"}


def faults(migration: Migration, before: ProjectState, versions: set[str]) -> list[str]:
    """What a running program of the version before would mind in a migration.

    `unused_since = "1.2.0"` in its class says that this version and later ones do without what it
    takes away; it must be out already, so that nobody upgrades past it in one step unknowingly.
    `harmless = "…"` says why code that nobody can judge from outside takes nothing away.
    """
    if getattr(migration, "unused_since", None) in versions or getattr(migration, "harmless", ""):
        return []
    state, found = before.clone(), []
    for operation in migration.operations:
        if reason := minded(operation, state, migration.app_label):
            found.append(reason)
        operation.state_forwards(migration.app_label, state)
    return found


def test_no_migration_takes_away_what_the_version_before_uses():
    loader = MigrationLoader(None)
    later = [
        loader.disk_migrations[key]
        for key in sorted(loader.disk_migrations)
        if key[0] in OURS and key[1] > OLDEST[key[0]]
    ]
    found = {}
    for migration in later:
        before = loader.project_state((migration.app_label, migration.name), at_end=False)
        found[str(migration)] = faults(migration, before, released())
    assert found == {name: [] for name in found}


TEXT = models.CharField(max_length=20)
SOME = {
    "a field without a value": (
        operations.AddField("image", "mood", TEXT),
        ["mood: rows of the version before have no value for it: use db_default"],
    ),
    "a default that only the new program knows": (
        operations.AddField("image", "mood", models.CharField(max_length=20, default="")),
        ["mood: rows of the version before have no value for it: use db_default"],
    ),
    "a default of the database": (
        operations.AddField("image", "mood", models.CharField(max_length=20, db_default="")),
        [],
    ),
    "a field for the database alone": (
        operations.SeparateDatabaseAndState(
            database_operations=[operations.AddField("image", "mood", TEXT)]
        ),
        ["mood: rows of the version before have no value for it: use db_default"],
    ),
    "a field that may be empty": (
        operations.AddField("image", "mood", models.DateField(null=True)),
        [],
    ),
    "other words for people": (
        operations.AlterField(
            "image", "aspect_ratio", models.CharField("shape", max_length=16, help_text="…")
        ),
        [],
    ),
    "a column of another size": (
        operations.AlterField("image", "aspect_ratio", models.CharField(max_length=8)),
        ["AlterField: may take away what the version before still uses"],
    ),
    "a removed field": (
        operations.RemoveField("image", "color"),
        ["RemoveField: may take away what the version before still uses"],
    ),
    "another name": (
        operations.RenameField("image", "color", "colour"),
        ["RenameField: may take away what the version before still uses"],
    ),
    "a new demand": (
        operations.AddConstraint(
            "image", models.UniqueConstraint(fields=["color"], name="one_of_each")
        ),
        ["AddConstraint: may take away what the version before still uses"],
    ),
}


@pytest.mark.parametrize(("operation", "expected"), SOME.values(), ids=SOME)
def test_the_rule_tells_expanding_from_contracting(operation, expected):
    state = MigrationLoader(None).project_state()
    field = state.models["gallery", "image"].fields["aspect_ratio"]
    assert field.max_length == 16, "the example needs a field that is as it says"
    migration = SimpleNamespace(app_label="gallery", operations=[operation])
    assert faults(migration, state, set()) == expected
    migration.unused_since = "1.2.0"
    assert faults(migration, state, {"1.1.0"}) == expected
    assert faults(migration, state, {"1.1.0", "1.2.0"}) == []


class _Rows:
    """Rows of every table, with what a version's own models know and nothing else."""

    def __init__(self, apps) -> None:
        self.apps = apps
        self.made: dict[type[models.Model], models.Model] = {}

    def make(self, model: type[models.Model]) -> models.Model:
        if model not in self.made:
            values = {
                field.name: self._value(field)
                for field in model._meta.concrete_fields
                if not (field.null or field.has_default() or isinstance(field, models.AutoField))
            }
            self.made[model] = model._default_manager.create(**values)
        return self.made[model]

    def _value(self, field: models.Field):
        if field.is_relation:
            return self.make(field.related_model)
        values = {
            models.CharField: "x", models.TextField: "x", models.FileField: "x",
            models.BinaryField: b"x", models.DateTimeField: datetime(2026, 2, 7, tzinfo=UTC),
            models.DateField: date(2026, 2, 7), models.DecimalField: Decimal(1),
            models.BooleanField: True, models.IntegerField: 1, models.JSONField: {},
        }  # fmt: skip
        return next(value for kind, value in values.items() if isinstance(field, kind))


@pytest.mark.django_db
def test_the_oldest_version_writes_rows_into_todays_tables():
    nodes = list(OLDEST.items())
    apps = MigrationLoader(connection).project_state(nodes).apps
    rows = _Rows(apps)
    old = [model for model in apps.get_models() if model._meta.app_label in OURS]
    for model in old:
        rows.make(model)
    assert {model for model in old if model.objects.count() == 1} == set(old)
