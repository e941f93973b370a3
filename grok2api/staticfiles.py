"""How static files are named and compressed."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Content-hashed names, also inside the `import` lines of ES modules.

    Django rewrites an import only where its line ends in a semicolon; a test looks for others.
    """

    support_js_module_import_aggregation = True
    manifest_strict = False
