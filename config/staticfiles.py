"""Static files with their contents' hash in the name, the modules that our scripts import included."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    # Without it `import "./shell.js"` would ask for the plain name, which browsers and proxies may hold for long.
    support_js_module_import_aggregation = True
    # Of our own scripts only: comments of the packages' scripts speak of imports too.
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        HashedFilesMixin._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]
    )
