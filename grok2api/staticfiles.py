"""How static files are named and compressed."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Content-hashed names, also inside the `import` lines of our own ES modules.

    Django rewrites an import only where its line ends in a semicolon; a test looks for others.
    Packages' scripts are left alone: some import names that only a bundler resolves.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        HashedFilesMixin._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]
    )
    manifest_strict = False
