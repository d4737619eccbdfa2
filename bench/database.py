"""A database of its own for each benchmark."""


def connect(*, create: bool = False, name: str = "test_bench_roster") -> None:
    """Django on a benchmark's own database, as its owner."""
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    connection.settings_dict.update(settings.DATABASE_OWNER())
    connection.settings_dict["TIME_ZONE"] = None
    connection.settings_dict["TEST"] = {
        "NAME": name,
        "CHARSET": None,
        "TEMPLATE": None,
        "MIGRATE": True,
        "MIRROR": None,
    }
    if create:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    else:
        connection.settings_dict["NAME"] = name
