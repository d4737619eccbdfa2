"""Static files with a hash of their content in the name, also the modules that our scripts import."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    # Otherwise `import "./shell.js"` would use the plain name, which browsers and proxies may cache long.
    support_js_module_import_aggregation = True
    # Of our own scripts only: comments of the packages' scripts speak of imports too.
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        HashedFilesMixin._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]
    )
