"""Names, bundles and compresses static files."""

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from .bundling import bundle

ENTRY = re.compile(r"css/(?:app|gallery|imagine)\.css|js/[^/]+\.js")
"""Files that pages name. What only these import is delivered inside of them."""


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Puts content hashes into names, also inside the `import` lines of our own ES modules.

    Django rewrites an import only if its line ends in a semicolon; a test looks for others.
    Packages' scripts are left alone: some import names that only a bundler resolves.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        HashedFilesMixin._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]
    )
    manifest_strict = False

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str | None, Any]]:
        """Hash entries as bundles; the files beside them keep their imports."""

        def read(name: str) -> str:
            storage, path = sources[name]
            with storage.open(path) as file:
                return str(file.read().decode())

        sources = dict(paths)
        bundles = InMemoryStorage()
        for name in filter(ENTRY.fullmatch, sources):
            bundles.save(name, ContentFile(bundle(name, read).encode()))
            paths[name] = (bundles, name)
        yield from super().post_process(paths, dry_run=dry_run, **options)
